import { codesOf, registerQuestion } from "./registry";

/** Largest number of classes that the map distinguishes: see questions/choices.py. */
const MOST = 6;

/** Any number of classes, or none. */
registerQuestion("choices", {
  drafted: true,
  press: (draft, code) =>
    draft.includes(code) ? draft.filter((one) => one !== code) : [...draft, code].sort((a, b) => a - b),
  answer: (codes, classes) => ({
    classes: codes.map((code) => classes[code].id),
    words: codes.map((code) => classes[code].name),
  }),
  read: (answer, classes) => codesOf(answer.classes as unknown[], classes),
  shade: (codes, by, classes) =>
    by ? Number(codes.some((code) => classes[code].id === by)) : Math.min(codes.length, MOST),
});
