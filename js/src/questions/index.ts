import "all:questions";

export * from "./registry";
