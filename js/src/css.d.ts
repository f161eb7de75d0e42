// A style sheet goes with the module that imports it: the build gathers them for each widget.
declare module "*.css";
