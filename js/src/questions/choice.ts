import { codesOf, type QuestionKind, registerQuestion } from "./registry";

/** One class. */
export const choice: QuestionKind = {
  drafted: false,
  press: (_, code) => [code],
  answer: ([code], classes) => ({ class: classes[code].id, word: classes[code].name }),
  read: (answer, classes) => codesOf([answer.class], classes),
  shade: ([code]) => code,
};

registerQuestion("choice", choice);
