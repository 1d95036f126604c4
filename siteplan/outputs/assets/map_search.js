/* The search box of the map. Needs map_tools.js. */
(function () {
  "use strict";

  const { element, short } = window.siteplan.tools;
  const SEARCH_LIMIT = 20;

  /* Box that finds an entry ({ key, i, name, text }) by a part of its text and hands it on. */
  function searchBox(words, entries, tableOf, focus) {
    const input = element("input", {
      type: "search",
      placeholder: words.search,
      "aria-label": words.search,
      autocomplete: "off",
      role: "combobox",
      "aria-expanded": "false",
      "aria-controls": "found",
    });
    const list = element("ul", { id: "found", role: "listbox", hidden: true });
    let current = -1;
    const close = () => {
      list.hidden = true;
      input.setAttribute("aria-expanded", "false");
    };
    const take = (entry) => {
      close();
      input.blur();
      focus(entry.key, entry.i);
    };
    function mark(k) {
      const lines = list.querySelectorAll("[role=option]");
      if (!lines.length) return;
      current = (k + lines.length) % lines.length;
      lines.forEach((line, n) => line.setAttribute("aria-selected", String(n === current)));
      lines[current].scrollIntoView({ block: "nearest" });
    }
    input.addEventListener("input", () => {
      const asked = input.value.trim().toLowerCase();
      list.textContent = "";
      current = -1;
      if (!asked) return close();
      const found = [];
      for (const start of [true, false]) {
        for (const entry of entries) {
          if (found.length >= SEARCH_LIMIT) break;
          const at = entry.text.indexOf(asked);
          if (at >= 0 && (at === 0) === start) found.push(entry);
        }
      }
      for (const entry of found) {
        const table = tableOf(entry.key);
        const line = element(
          "li",
          { role: "option", "aria-selected": "false" },
          element("span", {}, short(entry.name || table.id[entry.i], 40)),
          element("small", {}, table.title + " " + short(table.id[entry.i], 24)),
        );
        line.addEventListener("mousedown", (event) => event.preventDefault());
        line.addEventListener("click", () => take(entry));
        line.entry = entry;
        list.append(line);
      }
      if (!found.length) list.append(element("li", { class: "nothing" }, words.search_none));
      list.hidden = false;
      input.setAttribute("aria-expanded", "true");
    });
    input.addEventListener("keydown", (event) => {
      const lines = list.querySelectorAll("[role=option]");
      if (event.key === "ArrowDown") mark(current + 1);
      else if (event.key === "ArrowUp") mark(current - 1);
      else if (event.key === "Enter" && lines.length) take(lines[Math.max(current, 0)].entry);
      else if (event.key === "Escape") close();
      else return;
      event.preventDefault();
    });
    input.addEventListener("blur", () => setTimeout(close, 150));
    return element("div", { class: "search", role: "search" }, input, list);
  }

  window.siteplan.searchBox = searchBox;
})();
