import "./list.css";
import { h } from "../ui/dom";
import { type List, membersOf, showMembers } from "./list/members";
import { preload, registerItem, renderGlimpse, renderItem, SPOKEN, shortened, spokenItem } from "./registry";

const IMAGES = ["image", "remote"];

registerItem<List>("list", {
  render: (content, media, stage) =>
    h(
      "div",
      { class: `hitl-listed-all${content.names ? " hitl-listed-several" : ""}` },
      ...showMembers(membersOf(content, media), stage, renderItem).map((body, k) =>
        h(
          "div",
          { class: "hitl-listed" },
          h("div", { class: "hitl-listed-head", text: content.names?.[k] ?? `${k + 1}` }),
          body,
        ),
      ),
    ),
  glimpse: (content, media, characters) => {
    const members = membersOf(content, media);
    // Several images would be too small: the first one stands for all.
    const images = members.every(({ content }) => IMAGES.includes(content.kind));
    if (images && members.length > 1)
      return h(
        "div",
        { class: "hitl-glimpse hitl-listed-first" },
        renderGlimpse(members[0], characters),
        h("span", { class: "hitl-listed-count hitl-number", text: `1 of ${members.length}` }),
      );
    return h(
      "div",
      { class: "hitl-glimpse hitl-listed-all-small" },
      ...members.map((item) => renderGlimpse(item, Math.ceil(characters / members.length))),
    );
  },
  spoken: (content, row) => {
    const each = Math.ceil(SPOKEN / content.items.length);
    return membersOf(content, [])
      .map((item, k) => `${content.names?.[k] ?? k + 1}: ${shortened(spokenItem(item, row), each)}`)
      .map((words) => words.replace(/[.\s]+$/, ""))
      .join(". ");
  },
  preload: (media, content) => {
    const members = membersOf(content, media);
    for (const item of members) preload(item);
    return members;
  },
});
