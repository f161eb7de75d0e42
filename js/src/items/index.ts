import "all:items";

export * from "./registry";
