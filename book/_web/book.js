// What HTML alone cannot say: a region that scrolls sideways must be reachable by keyboard.

(() => {
  const SCROLLERS = "div.highlight pre, div.output pre, div.math, .pst-scrollable-table-container, .cell_output, .table-wrapper";

  function markScrollers() {
    for (const element of document.querySelectorAll(SCROLLERS)) {
      const overflow = getComputedStyle(element).overflowX;
      const scrolls = element.scrollWidth > element.clientWidth && (overflow === "auto" || overflow === "scroll");
      if (scrolls) {
        element.tabIndex = 0;
        element.dataset.scrolls = "";
      } else if ("scrolls" in element.dataset) {
        element.removeAttribute("tabindex");
        delete element.dataset.scrolls;
      }
    }
  }

  window.addEventListener("load", () => {
    markScrollers();
    window.MathJax?.startup?.promise?.then(markScrollers);
    document.addEventListener("toggle", markScrollers, true);
    document.addEventListener("click", () => setTimeout(markScrollers, 300));
    window.addEventListener("resize", markScrollers);
  });
})();
