// Style sheets are imported by their modules; the build combines them for each widget.
declare module "*.css";
