// Issues: suggestions for the search, how many are chosen, and whether there are new ones.
(() => {
  const field = document.querySelector("input[data-suggest]");
  if (field) suggest(field);
  const form = document.querySelector("form.chosen");
  if (form && form.querySelector(".bulk")) choose(form);
  const news = document.querySelector("[data-news]");
  if (news) tell(news);

  // A combobox: the list offers how the term before the caret may go on.
  function suggest(input) {
    const list = document.getElementById("suggestions");
    let at = -1;
    let asked = 0;
    let waits;
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-controls", list.id);
    input.setAttribute("aria-expanded", "false");

    // Where the term before the caret begins: white space within quotes does not end one.
    const termStart = () => {
      let start = 0;
      let quoted = false;
      for (let index = 0; index < input.selectionStart; index++) {
        const char = input.value[index];
        if (char === "\\") index++;
        else if (char === '"') quoted = !quoted;
        else if (!quoted && /\s/.test(char)) start = index + 1;
      }
      return start;
    };
    const close = () => {
      asked++;
      list.hidden = true;
      at = -1;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
    };
    const mark = (to) => {
      const options = list.children;
      if (options[at]) options[at].setAttribute("aria-selected", "false");
      at = (to + options.length) % options.length;
      options[at].setAttribute("aria-selected", "true");
      options[at].scrollIntoView({ block: "nearest" });
      input.setAttribute("aria-activedescendant", options[at].id);
    };
    const take = (text) => {
      const start = termStart();
      const isKey = text.endsWith(":");
      const rest = input.value.slice(input.selectionStart);
      const before = input.value.slice(0, start) + text + (isKey || rest.startsWith(" ") ? "" : " ");
      input.value = before + rest;
      input.setSelectionRange(before.length, before.length);
      close();
      if (isKey) look();
    };
    const show = (suggestions) => {
      list.replaceChildren(
        ...suggestions.map(({ text, about }, index) => {
          const option = document.createElement("li");
          option.id = `suggestion-${index}`;
          option.setAttribute("role", "option");
          option.setAttribute("aria-selected", "false");
          option.append(text);
          if (about) {
            const words = document.createElement("span");
            words.className = "about";
            words.textContent = about;
            option.append(words);
          }
          // Before the field loses the focus.
          option.addEventListener("pointerdown", (event) => {
            event.preventDefault();
            take(text);
          });
          return option;
        }),
      );
      at = -1;
      input.removeAttribute("aria-activedescendant");
      list.hidden = suggestions.length === 0;
      input.setAttribute("aria-expanded", String(!list.hidden));
    };
    const look = async () => {
      const now = ++asked;
      const url = new URL(input.dataset.suggest, location.href);
      url.searchParams.set("text", input.value.slice(termStart(), input.selectionStart));
      try {
        const answer = await fetch(url, { headers: { Accept: "application/json" } });
        const { suggestions } = answer.ok ? await answer.json() : { suggestions: [] };
        if (now === asked && document.activeElement === input) show(suggestions);
      } catch {
        // Without an answer it is a field to type into.
        close();
      }
    };
    input.addEventListener("input", () => {
      clearTimeout(waits);
      waits = setTimeout(look, 120);
    });
    input.addEventListener("blur", () => {
      clearTimeout(waits);
      close();
    });
    input.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step && list.hidden) {
        event.preventDefault();
        look();
      } else if (step) {
        event.preventDefault();
        mark(at < 0 && step < 0 ? -1 : at + step);
      } else if (event.key === "Enter" && !list.hidden && at >= 0) {
        event.preventDefault();
        take(list.children[at].firstChild.textContent);
      } else if (event.key === "Escape" && !list.hidden) {
        event.preventDefault();
        event.stopPropagation();
        close();
      }
    });
  }

  // How many are chosen, and all at once.
  function choose(form) {
    const all = form.querySelector("#all");
    const words = form.querySelector(".how-many");
    const boxes = [...form.querySelectorAll('.issues input[name="id"]')];
    const actions = [...form.querySelectorAll(".bulk button")];
    all.parentElement.hidden = boxes.length === 0;
    const count = () => {
      const chosen = boxes.filter((box) => box.checked).length;
      words.textContent = chosen === 0 ? "None chosen" : `${chosen} chosen`;
      all.checked = chosen === boxes.length;
      all.indeterminate = chosen > 0 && chosen < boxes.length;
      for (const action of actions) action.disabled = chosen === 0;
    };
    all.addEventListener("change", () => {
      for (const box of boxes) box.checked = all.checked;
      count();
    });
    form.addEventListener("change", count);
    // A page that is gone back to has its ticks again.
    addEventListener("pageshow", count);
    count();
  }

  // Asks from time to time, while the page is looked at, and says it in a place that is kept free.
  function tell(place) {
    const EVERY_MS = 15_000;
    const MOST_MS = 300_000;
    const title = document.title;
    let wait = EVERY_MS;
    let timer;
    let last = "";
    const ask = async () => {
      try {
        const answer = await fetch(place.dataset.news, { headers: { Accept: "application/json" }, redirect: "error" });
        if (!answer.ok) throw new Error(String(answer.status));
        const { count, words } = await answer.json();
        wait = EVERY_MS;
        if (words !== last) {
          last = words;
          document.title = count ? `(${count}) ${title}` : title;
          place.replaceChildren();
          if (count) {
            const link = document.createElement("a");
            link.className = "button";
            const url = new URL(location.href);
            url.searchParams.delete("cursor");
            url.searchParams.delete("done");
            link.href = url.pathname === "/" ? url.href : "/";
            link.textContent = `${words} – show`;
            place.append(link);
          }
        }
      } catch {
        // The collector is away, or the sign-in ended: it is asked less and less often.
        wait = Math.min(wait * 2, MOST_MS);
      }
      plan();
    };
    const plan = () => {
      clearTimeout(timer);
      if (!document.hidden) timer = setTimeout(ask, wait);
    };
    document.addEventListener("visibilitychange", () => {
      clearTimeout(timer);
      if (!document.hidden) ask();
    });
    plan();
  }
})();
