// Draws each figure's table as bars, in the colours of the admin's theme. Without it the table is shown as it is.
// Nothing moves, for whoever prefers that and for everyone else.
(() => {
  const probe = document.body.appendChild(document.createElement("span")); // a variable holds both themes' colours
  probe.hidden = true;
  const colour = (name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const number = new Intl.NumberFormat("en-US");
  const charts = [];

  function read(table) {
    const rows = [...table.tBodies[0].rows];
    const cells = rows.map((row) => [...row.querySelectorAll("[data-value]")].map((cell) => Number(cell.dataset.value)));
    return {
      labels: rows.map((row) => row.cells[0].textContent.trim()),
      links: rows.map((row) => row.querySelector("a")?.href),
      series: [...table.tHead.rows[0].cells].slice(1).map((head, n) => ({
        label: head.textContent, data: cells.map((row) => row[n]),
      })),
    };
  }

  // The theme's colours into a chart, or into what one is made from.
  function paint({ data, options }) {
    const bars = data.datasets.length > 1 ? ["--chart-good", "--chart-bad"] : ["--chart-bad"];
    data.datasets.forEach((set, n) => { set.backgroundColor = colour(bars[n]); });
    options.plugins.legend.labels.color = colour("--ink");
    for (const scale of Object.values(options.scales)) {
      scale.ticks.color = colour("--quiet");
      scale.grid.color = colour("--line");
      scale.border.color = colour("--line-strong");
    }
  }

  function draw(figure) {
    const { labels, links, series } = read(figure.querySelector("table"));
    const lying = figure.dataset.chart === "kinds";
    const link = (hits) => (hits.length ? links[hits[0].index] : undefined);
    const count = { beginAtZero: true, stacked: !lying, ticks: { precision: 0, maxTicksLimit: 6 }, grid: {}, border: {} };
    const names = {
      stacked: !lying, ticks: { autoSkip: !lying, maxRotation: 0, autoSkipPadding: 12 }, grid: { display: false }, border: {},
    };
    const wanted = {
      type: "bar",
      data: { labels, datasets: series.map((set) => ({ ...set, maxBarThickness: 28 })) },
      options: {
        animation: false,
        indexAxis: lying ? "y" : "x",
        locale: "en-US",
        maintainAspectRatio: false,
        interaction: { mode: "index", axis: lying ? "y" : "x", intersect: false },
        onClick: (event, hits) => { if (link(hits)) location.href = link(hits); },
        onHover: (event, hits) => { event.native.target.style.cursor = link(hits) ? "pointer" : ""; },
        plugins: {
          legend: { display: !lying, position: "bottom", labels: { boxWidth: 12 } },
          tooltip: { callbacks: { label: (item) => `${item.dataset.label}: ${number.format(item.raw)}` } },
        },
        scales: lying ? { x: count, y: names } : { x: names, y: count },
      },
    };
    paint(wanted);
    figure.querySelector(".canvas").hidden = false;
    figure.querySelector("details").open = false;
    charts.push(new Chart(figure.querySelector("canvas"), wanted));
  }

  document.querySelectorAll("[data-chart]").forEach(draw);
  const repaint = () => charts.forEach((chart) => { paint(chart.config); chart.update(); });
  new MutationObserver(repaint).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
})();
