import { type QuestionKind, registerQuestion } from "./registry";

/** One class. */
export const choice: QuestionKind = {
  drafted: false,
  press: (_, code) => [code],
  answer: ([code], classes) => ({ class: classes[code].id, word: classes[code].name }),
  shade: ([code]) => code,
};

registerQuestion("choice", choice);
