// The whole page: one task at a time, answers kept in the browser, and saved to a file.
"use strict";
(() => {
  const work = JSON.parse(document.getElementById("work").textContent);
  const page = document.getElementById("page");
  const place = `hitl-widgets:${work.batch}`;
  const state = { at: 0, person: "", given: {}, spent: {} };
  let since = Date.now();
  let saved = true;

  function make(tag, told = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(told)) {
      if (name === "text") element.textContent = value;
      else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value === true) element.setAttribute(name, "");
      else if (value !== false && value !== undefined) element.setAttribute(name, value);
    }
    element.append(...children.filter(Boolean));
    return element;
  }

  function keep() {
    saved = false;
    try {
      localStorage.setItem(place, JSON.stringify(state));
    } catch {
      // Without storage, the answers live until the page is closed.
    }
  }

  try {
    Object.assign(state, JSON.parse(localStorage.getItem(place)) ?? {});
  } catch {
    // Nothing was kept.
  }

  const task = () => work.tasks[state.at];
  const answered = () => work.tasks.filter((one) => one.item in state.given).length;
  const status = make("p", { role: "status", "aria-live": "polite" });

  function tell(words) {
    status.textContent = words;
  }

  function shown(block) {
    const content =
      block.kind === "image"
        ? make("img", { src: block.src, alt: block.alt })
        : block.kind === "row"
          ? make(
              "table",
              {},
              ...block.cells.map(([name, value]) =>
                make("tr", {}, make("th", { scope: "row", text: name }), make("td", { text: value })),
              ),
            )
          : make(block.kind === "code" ? "pre" : "p", { text: block.text, dir: "auto" });
    return make("section", { class: "block" }, block.title && make("h2", { text: block.title }), content);
  }

  // What is read from the form; undefined if there is no answer yet.
  function read(form) {
    const checked = [...form.querySelectorAll("input:checked")].map((one) => one.value);
    const text = form.querySelector("[name=value]")?.value ?? "";
    if (work.kind === "choices") return checked;
    if (work.kind === "number") return text.trim() === "" ? undefined : Number(text);
    if (work.kind === "text") return text.trim() || (work.settings.blank ? "" : undefined);
    if (checked.length === 0) return undefined;
    if (work.kind !== "pair") return checked[0];
    const reason = form.querySelector("[name=reason]")?.value.trim();
    const left = task().swap ? "second" : "first";
    return { label: checked[0], left, ...(reason ? { reason } : {}) };
  }

  function options(answer) {
    const many = work.kind === "choices";
    const chosen = many ? (answer ?? []) : [work.kind === "pair" ? answer?.label : answer];
    const classes = work.kind === "pair" && task().swap ? swapped() : work.classes;
    const lines = classes.map((one, k) =>
      make(
        "label",
        { class: "option" },
        make("input", {
          type: many ? "checkbox" : "radio",
          name: "pick",
          value: one.name,
          checked: chosen.includes(one.name),
        }),
        k < 9 && make("kbd", { text: String(k + 1), "aria-hidden": "true" }),
        make(
          "span",
          { text: one.title ?? one.name },
          one.guidance && make("small", { text: one.guidance }),
          one.example && make("small", { text: `Example: ${one.example}` }),
        ),
      ),
    );
    return make("fieldset", {}, make("legend", { text: many ? "All that apply" : "Your answer" }), ...lines);
  }

  function swapped() {
    const [first, second, ...rest] = work.classes;
    const title = (one, words) => ({ ...one, title: words });
    return [title(second, first.title ?? first.name), title(first, second.title ?? second.name), ...rest];
  }

  function field(answer) {
    const { low, high, step, unit, lines } = work.settings;
    const label = work.kind === "number" ? `Your answer${unit ? `, in ${unit}` : ""}` : "Your answer";
    const input =
      work.kind === "number"
        ? make("input", { type: "number", name: "value", min: low ?? undefined, max: high ?? undefined, step: step || "any" })
        : make(lines ? "textarea" : "input", lines ? { name: "value", rows: "4" } : { type: "text", name: "value" });
    input.value = answer ?? "";
    return make("fieldset", {}, make("label", {}, make("span", { text: label }), input));
  }

  function leave() {
    const item = task()?.item;
    if (item !== undefined) state.spent[item] = (state.spent[item] ?? 0) + Math.min(Date.now() - since, 600000);
    since = Date.now();
  }

  function go(to) {
    leave();
    state.at = Math.max(0, Math.min(work.tasks.length, to));
    keep();
    draw(true);
  }

  function give(value) {
    state.given[task().item] = { value, time: new Date().toISOString() };
    go(state.at + 1);
    tell(`${answered()} of ${work.tasks.length} answered.`);
  }

  function submit(form) {
    const value = read(form);
    const input = form.querySelector("[name=value]");
    if (value === undefined || (input && !input.checkValidity()) || Number.isNaN(value)) {
      tell(input?.validationMessage || "Give an answer first, or choose “I cannot say”.");
      form.querySelector("input, textarea").focus();
      return;
    }
    give(value);
  }

  function save() {
    if (!state.person.trim()) {
      tell("Write your name first: it is saved with your answers.");
      document.getElementById("person").focus();
      return;
    }
    leave();
    const answers = work.tasks
      .filter((one) => one.item in state.given)
      .map((one) => ({ item: one.item, digest: one.digest, ...state.given[one.item], elapsed_ms: Math.round(state.spent[one.item] ?? 0) }));
    const told = { hitl_answers: 1, batch: work.batch, task: work.task, kind: work.kind, person: state.person.trim(), answers };
    const file = new Blob([JSON.stringify(told, null, 1)], { type: "application/json" });
    const name = state.person.trim().replace(/[^\p{L}\p{N}-]+/gu, "_");
    const link = make("a", { href: URL.createObjectURL(file), download: `answers-${work.batch.slice(0, 8)}-${name}.json` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    saved = true;
    tell(`${answers.length} of ${work.tasks.length} answers are in the file ${link.download}. Send it back.`);
  }

  function help() {
    if (!work.instructions && work.examples.length === 0) return null;
    const examples = work.examples.map((one) =>
      make(
        "section",
        { class: "block" },
        make("h2", { text: "Example" }),
        make("div", { class: "blocks" }, ...one.blocks.map(shown)),
        make("p", { text: `Answer: ${one.answer}` }),
      ),
    );
    const text = make("div", { class: "block" }, make("p", { text: work.instructions }));
    return make("details", { open: answered() === 0 }, make("summary", { text: "Instructions" }), work.instructions && text, ...examples);
  }

  function draw(moved) {
    const n = work.tasks.length;
    const person = make("input", { type: "text", id: "person", autocomplete: "name" });
    person.value = state.person;
    person.addEventListener("input", () => {
      state.person = person.value;
      keep();
    });
    const header = make(
      "header",
      {},
      make("label", {}, make("span", { text: "Your name" }), person),
      make("span", { text: state.at < n ? `Task ${state.at + 1} of ${n}` : `${answered()} of ${n} answered` }),
      make("button", { type: "button", text: "Save answers to a file", onclick: save }),
    );
    const title = make("h1", { tabindex: "-1", text: state.at < n ? work.question : "That was the last task." });
    const back = make("button", { type: "button", text: "Back", disabled: state.at === 0, onclick: () => go(state.at - 1) });
    if (state.at >= n) {
      const end = make("p", { text: "Save your answers to a file and send it back." });
      page.replaceChildren(header, title, end, make("nav", {}, back), status);
    } else {
      const answer = state.given[task().item]?.value ?? undefined;
      const blocks = work.kind === "pair" && task().swap ? [...task().blocks].reverse() : task().blocks;
      const context = task().context.map(([name, text]) => shown({ kind: "text", title: name, text }));
      for (const one of context) one.classList.add("context");
      const titled = work.kind === "pair" ? blocks.map((one, k) => ({ ...one, title: work.classes[k].title })) : blocks;
      const asks = work.kind === "number" || work.kind === "text" ? field(answer) : options(answer);
      const why = work.kind === "pair" && work.settings.reason && make("input", { type: "text", name: "reason" });
      if (why) why.value = answer?.reason ?? "";
      const form = make(
        "form",
        { novalidate: true },
        asks,
        why && make("fieldset", {}, make("label", {}, make("span", { text: "Why (may be left empty)" }), why)),
        make(
          "nav",
          {},
          back,
          make("button", { type: "button", text: "I cannot say", onclick: () => give(null) }),
          make("span", { class: "gap" }),
          make("button", { type: "submit", class: "main", text: "Next" }),
        ),
      );
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        submit(form);
      });
      const parts = [header, title, help(), ...context, make("div", { class: "blocks" }, ...titled.map(shown)), form, status];
      page.replaceChildren(...parts.filter(Boolean));
    }
    if (moved) title.focus();
  }

  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches?.("textarea, input[type=text], input[type=number]");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) page.querySelector("form")?.requestSubmit();
      return;
    }
    const option = /^[1-9]$/.test(event.key) && page.querySelectorAll("[name=pick]")[Number(event.key) - 1];
    if (option) option.click();
    else if (event.key === "Enter" && event.target.matches?.("h1, body, input")) page.querySelector("form")?.requestSubmit();
    else return;
    event.preventDefault();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) leave();
    since = Date.now();
  });
  addEventListener("beforeunload", (event) => {
    if (!saved) event.preventDefault();
  });
  draw(false);
})();
