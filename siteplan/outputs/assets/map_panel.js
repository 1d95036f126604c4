/* The panel beside the map: views, targets, definitions, notes. Needs map_tools.js, map_styles.js. */
(function () {
  "use strict";

  const { element, short, fill } = window.siteplan.tools;
  const { STATES, CODES } = window.siteplan.styles;
  const LIST_LIMIT = 30;

  function panel(view) {
    const {
      map,
      data,
      words,
      state,
      tables,
      sites,
      cover,
      ruleById,
      openItems,
      titleOf,
      stateMark,
      scopeTable,
    } = view;
    const panel = document.getElementById("panel");
    panel.setAttribute("aria-label", words.panel_open);

    function choice(name, head, options, current, change) {
      const set = element("fieldset", { class: "choice" }, element("legend", {}, head));
      const box = element("div", { class: "segments" });
      for (const [value, text] of options) {
        const input = element("input", {
          type: "radio",
          name,
          value,
          checked: String(value) === String(current),
          onchange: () => change(value),
        });
        box.append(element("label", {}, input, element("span", {}, text)));
      }
      set.append(box);
      return set;
    }

    function select(name, value) {
      for (const input of panel.querySelectorAll("input[name=" + name + "]"))
        input.checked = input.value === String(value);
    }

    function section(head, ...body) {
      return element("section", {}, element("h2", {}, head), ...body);
    }

    function buildView() {
      const slider = element("input", {
        type: "range",
        min: 0,
        max: 100,
        step: 5,
        value: Math.round(cover.opacity * 100),
        id: "opacity",
        oninput() {
          view.setOpacity(slider.value / 100);
        },
      });
      return section(
        words.group_view,
        choice(
          "mode",
          words.mode,
          [
            ["today", words.mode_today],
            ["plan", words.mode_plan],
          ],
          state.mode,
          (value) => view.change({ mode: value }),
        ),
        choice(
          "year",
          words.view_year,
          data.years.map((year) => [year, String(year)]),
          state.year,
          (value) => view.change({ year: value }),
        ),
        choice(
          "technology",
          words.technology,
          data.technologies.map((t) => [t, t]),
          state.technology,
          (value) => view.change({ technology: value }),
        ),
        element("label", { class: "slider", for: "opacity" }, words.opacity, slider),
      );
    }

    function valueCell(text, found, unit) {
      const known = text !== words.unknown; // else the state has said it already
      return element(
        "td",
        { class: "value" },
        element(
          "span",
          { class: "state state-" + found, title: data.states[found] },
          element("b", { "aria-hidden": "true" }, STATES[found].mark),
          element("span", { class: "said" }, data.states[found]),
        ),
        element("span", { class: "figure", hidden: !known }, text),
        unit && known ? element("small", {}, unit) : null,
      );
    }

    const ruleRows = {};
    function buildRules() {
      const head = element(
        "tr",
        {},
        ...[words.rule, words.required, words.today, words.plan, words.stations_needed].map((text) =>
          element("th", { scope: "col" }, text),
        ),
      );
      const body = element("tbody", {});
      for (const rule of data.rules) {
        const choose = () => view.chooseRule(state.rule === rule.id ? null : rule.id);
        const name = element(
          "button",
          {
            type: "button",
            class: "rule-name",
            "aria-pressed": "false",
            onclick(event) {
              event.stopPropagation();
              choose();
            },
          },
          element("b", {}, rule.id),
          element("small", {}, rule.year + (rule.technology ? " · " + rule.technology : "")),
        );
        const line = element(
          "tr",
          { class: "rule", "data-rule": rule.id, onclick: choose },
          element("td", { class: "rule-text" }, name, element("div", {}, rule.text)),
          element(
            "td",
            { class: "value required" },
            element("span", { class: "figure" }, rule.required),
            rule.unit && rule.required !== words.none_asked ? element("small", {}, rule.unit) : null,
          ),
          valueCell(rule.today, rule.state_today, rule.unit),
          valueCell(rule.plan, rule.state_plan, rule.unit),
          element(
            "td",
            { class: "value needed" },
            element("span", { class: "figure" }, String(rule.stations)),
          ),
        );
        const more = element("tr", { class: "more", hidden: true }, element("td", { colspan: 5 }));
        ruleRows[rule.id] = { line, name, more };
        body.append(line, more);
      }
      const box = section(
        words.group_rules,
        element("p", { class: "hint" }, words.rule_hint),
        element("table", { class: "rules" }, element("thead", {}, head), body),
      );
      const states = element("p", { class: "hint states" });
      for (const name of Object.keys(STATES)) states.append(stateMark(name), " ");
      box.append(states);
      return box;
    }

    function ruleDetails(id) {
      const rule = ruleById[id];
      const box = element("div", { class: "rule-more" });
      if (rule.items !== null) {
        let text = fill(words.rule_items, {
          items: rule.items,
          today: rule.covered_today,
          plan: rule.covered_plan,
        });
        if (rule.unknown) text += fill(words.rule_unknown, { n: rule.unknown });
        box.append(element("p", {}, text));
      }
      if (rule.reason) box.append(element("p", {}, rule.reason));
      if (rule.definition) box.append(element("p", {}, fill(words.rule_definition, { id: rule.definition_name })));
      const scopes = data.scopes[id] || [];
      if (scopes.length > 1) box.append(scopeTable(words.rule_scopes, scopes));
      const item = data.items[id];
      const at = { mode: words["mode_" + state.mode], year: state.year };
      if (item) {
        const found = openItems(id);
        box.append(
          element(
            "p",
            {},
            element(
              "b",
              {},
              found.length
                ? fill(words.rule_open, { ...at, n: found.length })
                : fill(words.rule_open_none, at),
            ),
          ),
        );
        const list = element("ul", {});
        for (const { row: i, code } of found.slice(0, LIST_LIMIT)) {
          list.append(
            element(
              "li",
              {},
              element(
                "button",
                { type: "button", class: "link", onclick: () => view.focus(item.table, i) },
                STATES[CODES[code]].mark + " " + short(titleOf(item.table, i), 30),
              ),
            ),
          );
        }
        if (found.length > LIST_LIMIT)
          list.append(element("li", {}, fill(words.rule_more, { n: found.length - LIST_LIMIT })));
        if (found.length) box.append(list);
      } else {
        const gaps = tables["gaps_" + state.mode].rules.filter((rules) => rules.includes(id)).length;
        const served = sites.rules.filter((rules) => rules.includes(id)).length;
        if (rule.definition)
          box.append(
            element("p", {}, fill(words.rule_gaps, { n: gaps, year: data.years[data.years.length - 1] })),
          );
        if (served) box.append(element("p", {}, fill(words.rule_sites, { n: served })));
      }
      return box;
    }

    function updateRules() {
      for (const id of Object.keys(ruleRows)) {
        const { line, name, more } = ruleRows[id];
        const on = id === state.rule;
        line.classList.toggle("chosen", on);
        name.setAttribute("aria-pressed", String(on));
        more.hidden = !on;
        more.firstChild.textContent = "";
        if (on) more.firstChild.append(ruleDetails(id));
      }
    }

    function buildDefinitions() {
      const list = element("dl", {});
      for (const definition of data.definitions) {
        list.append(
          element("dt", {}, fill(words.bracketed, { text: definition.name, note: definition.id })),
          element(
            "dd",
            {},
            element("div", {}, definition.text),
            element("div", { class: "limits" }, definition.limits),
            element("small", {}, definition.source),
          ),
        );
      }
      return element(
        "details",
        { class: "definitions" },
        element("summary", {}, words.group_definitions),
        list,
      );
    }

    function buildAbout() {
      const about = data.about;
      const inputs = element(
        "table",
        {},
        element(
          "tbody",
          {},
          ...about.inputs.map((line) => element("tr", {}, ...line.map((text) => element("td", {}, text)))),
        ),
      );
      inputs.prepend(
        element(
          "thead",
          {},
          element(
            "tr",
            {},
            ...[words.about_layer, words.about_file, words.about_rows].map((text) => element("th", {}, text)),
          ),
        ),
      );
      const list = (head, lines) =>
        lines.length
          ? [
              element("h3", {}, head),
              element(
                "ul",
                {},
                ...lines.slice(0, LIST_LIMIT).map((line) => element("li", {}, short(line, 300))),
              ),
            ]
          : [];
      return element(
        "details",
        { class: "about" },
        element("summary", {}, words.group_about),
        element("p", {}, words.about_grid + words.colon + about.grid),
        element("p", {}, words.about_picture),
        element("h3", {}, words.about_layers),
        inputs,
        ...list(words.about_origins, about.origins),
        ...list(words.about_warnings, about.warnings),
        element("p", {}, fill(words.about_software, { version: data.siteplan })),
      );
    }

    function buildPanel() {
      const totals = element("dl", { class: "totals" });
      for (const [head, text] of data.totals)
        totals.append(element("div", {}, element("dt", {}, head), element("dd", {}, text)));
      panel.append(
        element(
          "header",
          {},
          element("h1", {}, short(data.title, 40), element("small", {}, words.title)),
          element("p", {}, data.document),
          element(
            "button",
            {
              type: "button",
              class: "close",
              "aria-label": words.panel_close,
              onclick: () => showPanel(false),
            },
            "✕",
          ),
        ),
        totals,
        buildView(),
        buildRules(),
        view.layerControl(section),
        buildDefinitions(),
        buildAbout(),
      );
    }

    const opener = element(
      "button",
      { type: "button", class: "opener", onclick: () => showPanel(true) },
      "☰ " + words.panel_open,
    );
    function showPanel(on) {
      document.body.classList.toggle("panel-off", !on);
      opener.hidden = on;
      map.invalidateSize({ animate: false, pan: false });
    }

    return { build: buildPanel, show: showPanel, select, updateRules, opener };
  }

  window.siteplan.panel = panel;
})();
