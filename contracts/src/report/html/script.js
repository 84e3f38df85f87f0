(() => {
  "use strict";
  document.documentElement.classList.add("js");
  const search = document.getElementById("search");
  const boxes = Array.from(document.querySelectorAll(".filter input[type=checkbox]"));
  const status = document.getElementById("status");
  const findings = Array.from(document.querySelectorAll(".finding"));
  const texts = findings.map((one) => one.textContent.toLowerCase());
  const groups = Array.from(document.querySelectorAll(".group"));

  // classes that do not occur need no box
  boxes.forEach((box) => {
    const occurs = findings.some((one) => one.dataset.class === box.value);
    box.parentElement.hidden = !occurs;
  });

  const apply = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const off = new Set(boxes.filter((box) => !box.checked).map((box) => box.value));
    let shown = 0;
    findings.forEach((one, index) => {
      const fits = off.has(one.dataset.class) ? false : words.every((word) => texts[index].includes(word));
      one.hidden = !fits;
      shown += fits ? 1 : 0;
    });
    const narrowed = words.length + off.size !== 0;
    groups.forEach((group) => {
      const left = group.querySelector(".finding:not([hidden])");
      group.hidden = narrowed ? left === null : false;
    });
    status.textContent = `${shown} of ${findings.length} shown`;
  };
  search.addEventListener("input", apply);
  boxes.forEach((box) => box.addEventListener("change", apply));
  document.addEventListener("keydown", (event) => {
    const typing = event.target.tagName === "INPUT";
    if (event.key === "/" ? !typing : false) {
      event.preventDefault();
      search.focus();
    }
    if (event.key === "Escape" ? event.target === search : false) {
      search.value = "";
      apply();
    }
  });

  // what is printed cannot be opened
  let opened = [];
  window.addEventListener("beforeprint", () => {
    opened = Array.from(document.querySelectorAll("details:not([open])"));
    opened.forEach((one) => { one.open = true; });
  });
  window.addEventListener("afterprint", () => opened.forEach((one) => { one.open = false; }));
  apply();
})();
