// All modules of a folder: see glob.mjs.
declare module "all:items";
declare module "all:questions";
