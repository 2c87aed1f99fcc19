// Draws each figure's table as bars, in the colours of the admin's theme. Without it the table is shown as it is.
(() => {
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
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

  function paint(chart) {
    const bars = chart.data.datasets.length > 1 ? ["--chart-good", "--chart-bad"] : ["--chart-bad"];
    chart.data.datasets.forEach((set, n) => { set.backgroundColor = colour(bars[n]); });
    chart.options.color = colour("--body-fg");
    for (const scale of Object.values(chart.options.scales)) {
      scale.ticks.color = colour("--body-quiet-color");
      scale.grid.color = colour("--hairline-color");
      scale.border = { color: colour("--border-color") };
    }
    chart.options.animation = still.matches ? false : { duration: 300 };
    chart.update("none");
  }

  function draw(figure) {
    const { labels, links, series } = read(figure.querySelector("table"));
    const lying = figure.dataset.chart === "kinds";
    const count = { beginAtZero: true, stacked: !lying, ticks: { precision: 0, maxTicksLimit: 6 }, grid: {} };
    const names = { stacked: !lying, ticks: { autoSkip: !lying, maxRotation: 0, autoSkipPadding: 12 }, grid: { display: false } };
    figure.querySelector(".canvas").hidden = false;
    figure.querySelector("details").open = false;
    charts.push(new Chart(figure.querySelector("canvas"), {
      type: "bar",
      data: { labels, datasets: series.map((set) => ({ ...set, maxBarThickness: 28 })) },
      options: {
        indexAxis: lying ? "y" : "x",
        locale: "en-US",
        maintainAspectRatio: false,
        animation: still.matches ? false : { duration: 300 },
        interaction: { mode: "index", axis: lying ? "y" : "x", intersect: false },
        onClick: (event, hits) => { if (hits.length && links[hits[0].index]) location.href = links[hits[0].index]; },
        onHover: (event, hits) => { event.native.target.style.cursor = hits.length && links[hits[0].index] ? "pointer" : ""; },
        plugins: {
          legend: { display: !lying, position: "bottom", labels: { boxWidth: 12 } },
          tooltip: { callbacks: { label: (item) => `${item.dataset.label}: ${number.format(item.raw)}` } },
        },
        scales: lying ? { x: count, y: names } : { x: names, y: count },
      },
    }));
    paint(charts.at(-1));
  }

  document.querySelectorAll("[data-chart]").forEach(draw);
  const repaint = () => charts.forEach(paint);
  new MutationObserver(repaint).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
  still.addEventListener("change", repaint);
})();
