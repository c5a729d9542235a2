// The page.

import { effect, signal } from "@preact/signals";
import { render } from "preact";
import { Curve } from "./curve";
import { JobPanel, job, lookForJob } from "./job";
import { Layers, Legend } from "./legend";
import { List } from "./list";
import { MapPane, drawnOnce } from "./map";
import { decoded, setScale } from "./scale";
import { Slider } from "./slider";
import { Refused, source } from "./source";
import {
  about, addressNow, areas, chosenCell, failure, hover, language, otherPolicy, panelOpen, panes, selected, step, tab,
} from "./state";
import "./style.css";
import { valuesOf } from "./tiles";
import { STATES, type Curve as Values } from "./types";
import { Why, WhyCell } from "./why";
import { Work } from "./work";
import { LANGUAGES, WORDS, day, number, percent, t, word, type Language } from "./words";

const LONGEST_WAIT_MS = 1_500; // the table of areas is large: the map comes before it
const tip = signal("");
effect(() => {
  const at = hover.value;
  const table = areas.value;
  const now = step.value;
  const { shown, state } = panes.value[at?.pane ?? 0] ?? panes.value[0]!;
  if (at?.cell) {
    const [mean, low, high, any] = at.cell[STATES.indexOf(state)]!.map((metric) => metric[now]);
    tip.value = [
      t("cell_of", { size: about.value!.cell_m }),
      `${word(state)}: ${t("hover_for", { value: number(mean), low: number(low), high: number(high) })}`,
      `${t("chance_any")}: ${percent(any)}`,
    ].join("\n");
    return;
  }
  if (!at || at.area === null || !table) {
    tip.value = "";
    return;
  }
  const num = about.value!.num_areas;
  const area = at.area;
  const one = async (metric: "mean" | "q05" | "q95" | "p_any"): Promise<number | null> =>
    decoded((await valuesOf(state, metric))[now * num + area]!);
  void Promise.all([one("mean"), one("q05"), one("q95"), one("p_any")])
    .then(([mean, low, high, any]) => {
      if (hover.peek()?.area !== area) return;
      const items =
        mean === null ? t("unknown") : t("hover_for", { value: number(mean), low: number(low), high: number(high) });
      tip.value = [
        table.area_id[area],
        `${word(state)}: ${items}`,
        `${t("chance_any")}: ${percent(any)}`,
        shown === "verdict" ? word(table.verdict[area]!) : "",
      ].join("\n");
    })
    .catch(() => undefined);
});

function Tip() {
  if (!tip.value || !hover.value) return null;
  const { x, y } = hover.value;
  const [name, ...lines] = tip.value.split("\n");
  return (
    <div
      class="tip"
      ref={(box) => {
        if (!box) return;
        box.style.left = `${Math.min(x + 14, window.innerWidth - 260)}px`;
        box.style.top = `${Math.min(y + 14, window.innerHeight - 120)}px`;
      }}
    >
      <b>{name}</b>
      {lines.filter(Boolean).map((line) => (
        <div key={line}>{line}</div>
      ))}
    </div>
  );
}

/** The whole case over time, in the shape of an area's curve. */
function wholeCurve(): Values {
  const { curve, dates } = about.value!;
  return STATES.map((state) => {
    const rows = curve.filter((r) => r.state === state);
    return (["mean", "q05", "q95", "p_any"] as const).map((metric) =>
      dates.map((d) => {
        const before = rows.filter((r) => String(r.date) <= d).at(-1) ?? rows[0];
        return before ? (before[metric] as number | null) : null;
      }),
    );
  });
}

function About() {
  const told = about.value!;
  return (
    <div class="about">
      {source.reportUrl && (
        <p>
          <a href={source.reportUrl(language.value, null)} target="_blank" rel="noopener">
            {t("report")}
          </a>
        </p>
      )}
      <Curve curve={wholeCurve()} />
      <table>
        <caption>{t("items")}</caption>
        <tbody>
          {told.totals
            .filter((r) => r.state === "explosive")
            .map((r) => (
              <tr key={`${String(r.scope)}${String(r.date)}`}>
                <th scope="row">{word(String(r.scope))}</th>
                <td>{day(r.date)}</td>
                <td class="num">{number(r.mean as number)}</td>
                <td class="num">
                  {number(r.q05 as number)} – {number(r.q95 as number)}
                </td>
              </tr>
            ))}
        </tbody>
      </table>
      <JobPanel done={() => location.reload()} />
      <h3>{t("judgements")}</h3>
      <ul>
        {told.judgements.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
      <h3>{t("findings")}</h3>
      <ul class="records">
        {told.findings.slice(0, 100).map((f, i) => (
          <li key={i}>
            <b>{String(f.count)}</b> {String(f.file ?? "")} {String(f.layer ?? "")}: {String(f.came ?? "")}
            <small>{String(f.todo ?? "")}</small>
          </li>
        ))}
      </ul>
      <h3>{t("provenance")}</h3>
      <dl>
        {Object.entries(told.provenance).map(([name, value]) => [
          <dt key={name}>{name.replaceAll("_", " ")}</dt>,
          <dd key={`${name}=`}>{typeof value === "object" ? JSON.stringify(value) : String(value)}</dd>,
        ])}
      </dl>
      <p class="quiet">{t("no_release")}</p>
    </div>
  );
}

function Header() {
  const told = about.value!;
  const flip = (): void => {
    panes.value =
      panes.value.length > 1 ? [panes.value[0]!] : [panes.value[0]!, { ...panes.value[0]!, shown: "upper" }];
  };
  return (
    <header class="top">
      <a class="skip" href="#areas" onClick={(e) => {
        e.preventDefault();
        panelOpen.value = true;
        tab.value = "areas";
        setTimeout(() => document.getElementById("areas")?.focus());
      }}>
        {t("skip")}
      </a>
      <h1>
        <small>{t("title")}</small>
        {told.name}
      </h1>
      <p class="stamps">
        <span class="stamp">{t("records_until", { date: day(told.as_of) })}</span>
        {otherPolicy.value && <span class="stamp other">{t("other_policy")}</span>}
        <span class="stamp private">{t("private")}</span>
      </p>
      <div class="actions">
        <button type="button" onClick={flip} aria-pressed={panes.value.length > 1}>
          {panes.value.length > 1 ? t("one_map") : t("compare")}
        </button>
        <select
          aria-label={t("language")}
          value={language.value}
          onChange={(e) => (language.value = e.currentTarget.value as Language)}
        >
          {LANGUAGES.map((l) => (
            <option key={l} value={l} lang={l}>
              {WORDS[l].name}
            </option>
          ))}
        </select>
        <button type="button" onClick={() => (panelOpen.value = !panelOpen.value)} aria-expanded={panelOpen.value}>
          ☰ <span class="wide">{t("open_panel")}</span>
        </button>
      </div>
    </header>
  );
}

function App() {
  if (!about.value && job.value)
    return (
      <main class="alone">
        <h1>{t("title")}</h1>
        <JobPanel done={() => void open()} />
      </main>
    );
  if (failure.value && !about.value)
    return (
      <main class="alone">
        <p role="alert">{failure.value === "lost" ? t("lost") : t("failed", { said: failure.value })}</p>
        <button type="button" onClick={open}>
          {t("again")}
        </button>
      </main>
    );
  if (!about.value)
    return (
      <main class="alone">
        <p role="status">{t("loading")}</p>
      </main>
    );
  return (
    <>
      <Header />
      <main class={`body ${panelOpen.value ? "" : "closed"} ${selected.value === null && !chosenCell.value ? "" : "asking"}`}>
        <div class="maps" data-num={panes.value.length}>
          {panes.value.map((p, i) => (
            <MapPane key={i} pane={i} label={t("map_label", { what: t(p.shown) })} />
          ))}
        </div>
        {panelOpen.value && (
          <div class="panel">
            {panes.value.map((_, i) => (
              <Legend key={i} pane={i} />
            ))}
            <Layers />
            <div class="tabs" role="tablist">
              {(["areas", "work", "about"] as const).map((name) => (
                <button
                  key={name}
                  type="button"
                  role="tab"
                  aria-selected={tab.value === name}
                  onClick={() => (tab.value = name)}
                >
                  {t(name)}
                </button>
              ))}
            </div>
            {tab.value === "areas" ? <List /> : tab.value === "work" ? <Work /> : <About />}
          </div>
        )}
        <Why />
        <WhyCell />
      </main>
      <Slider />
      <Tip />
      {failure.value && (
        <div class="toast" role="alert">
          {failure.value === "lost" ? t("lost") : t("failed", { said: failure.value })}{" "}
          <button type="button" class="small" onClick={() => (failure.value = "")} aria-label={t("close")}>
            ×
          </button>
        </div>
      )}
    </>
  );
}

async function open(): Promise<void> {
  failure.value = "";
  try {
    const told = await source.about();
    setScale(told.code_log10);
    step.value = Math.min(step.value, told.dates.length - 1);
    if (selected.value !== null && !(selected.value >= 0 && selected.value < told.num_areas)) selected.value = null;
    about.value = told;
    document.title = `${told.name} · remnant`;
    await Promise.race([drawnOnce, new Promise((resolve) => setTimeout(resolve, LONGEST_WAIT_MS))]);
    areas.value = await source.areas();
    await lookForJob();
  } catch (error) {
    if (error instanceof Refused && error.kind === "NoResult") await lookForJob();
    else failure.value = (error as Error).message;
  }
}

effect(() => {
  document.documentElement.lang = language.value;
  document.documentElement.dir = WORDS[language.value].direction;
});
effect(() => {
  if (about.value) history.replaceState(null, "", addressNow());
});

render(<App />, document.getElementById("app")!);
void open();
