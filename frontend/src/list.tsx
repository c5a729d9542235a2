// The list of areas: filter, order, and only the rows that are in sight.

import { computed, effect, signal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { goTo } from "./map";
import { METRIC_OF, decoded } from "./scale";
import { about, areas, filter, panes, selected, sortBy, step, verdict } from "./state";
import { valuesOf } from "./tiles";
import { ground, number, percent, t, word } from "./words";

const ROW_PX = 54;
const AROUND = 12;
const REST_MS = 150;

/** Codes of the areas on the day that is shown, of what the first map shows. */
const codes = signal<Uint16Array | null>(null);
let resting = 0;
effect(() => {
  const { shown, state } = panes.value[0]!;
  const num = about.value?.num_areas ?? 0;
  const now = step.value;
  if (!num) return;
  // the map comes first: the list follows when the slider rests
  clearTimeout(resting);
  resting = window.setTimeout(
    () =>
      void valuesOf(state, METRIC_OF[shown])
        .then((every) => (codes.value = every.subarray(now * num, (now + 1) * num)))
        .catch(() => undefined),
    REST_MS,
  );
});

const matching = computed<number[]>(() => {
  const table = areas.value;
  if (!table) return [];
  const text = filter.value.trim().toLocaleLowerCase();
  const out: number[] = [];
  for (let a = 0; a < table.area_id.length; a++) {
    if (verdict.value && table.verdict[a] !== verdict.value) continue;
    if (text) {
      const words = `${table.area_id[a]} ${table.types[a]} ${table.status[a]} ${table.hazard_class[a]}`;
      if (!words.toLocaleLowerCase().includes(text)) continue;
    }
    out.push(a);
  }
  return out;
});

export const listed = computed<number[]>(() => {
  const table = areas.value;
  if (!table) return [];
  const out = [...matching.value];
  const now = codes.value;
  if (sortBy.value === "value") return now ? byValue(out, now) : out;
  const by = {
    area_m2: (a: number, b: number): number => (table.area_m2[b] ?? 0) - (table.area_m2[a] ?? 0),
    area_id: (a: number, b: number) => table.area_id[a]!.localeCompare(table.area_id[b]!, undefined, { numeric: true }),
    verdict: (a: number, b: number) => table.verdict[a]!.localeCompare(table.verdict[b]!),
  }[sortBy.value];
  return out.sort((a, b) => by(a, b) || a - b);
});

const MOST_AREAS = 2 ** 24;

/** Highest first, unknown last, equal ones in the order of the records: as one sort of numbers, which is fast. */
function byValue(every: number[], now: Uint16Array): number[] {
  const keys = Float64Array.from(every, (a) => (now[a] === 65_535 ? 65_535 : 65_534 - now[a]!) * MOST_AREAS + a);
  return Array.from(keys.sort(), (key) => key % MOST_AREAS);
}

function value(area: number): string {
  const { shown } = panes.value[0]!;
  const code = codes.value?.[area];
  if (code === undefined) return "…";
  const got = decoded(code);
  if (shown === "chance" || shown === "verdict") return percent(got);
  const km2 = (areas.value!.area_m2[area] ?? 0) / 1e6;
  return got === null || !km2 ? t("unknown") : `${number(got / km2)} /km²`;
}

export function choose(area: number): void {
  selected.value = area;
  const table = areas.value!;
  const [west, south, east, north] = [table.west[area], table.south[area], table.east[area], table.north[area]];
  if (west != null && south != null && east != null && north != null) goTo([west, south, east, north]);
}

const top = signal(0);
const height = signal(600);

export function List() {
  const place = useRef<HTMLDivElement>(null);
  const table = areas.value;
  const rows = listed.value;
  const first = Math.max(0, Math.floor(top.value / ROW_PX) - AROUND);
  const last = Math.min(rows.length, Math.ceil((top.value + height.value) / ROW_PX) + AROUND);
  const verdicts = table ? [...new Set(table.verdict)] : [];
  return (
    <div class="list">
      <div class="tools">
        <input
          type="search"
          placeholder={t("filter")}
          aria-label={t("filter")}
          value={filter.value}
          onInput={(e) => (filter.value = e.currentTarget.value)}
        />
        <select aria-label={t("verdict")} value={verdict.value} onChange={(e) => (verdict.value = e.currentTarget.value)}>
          <option value="">{t("all_verdicts")}</option>
          {verdicts.map((v) => (
            <option key={v} value={v}>
              {word(v)}
            </option>
          ))}
        </select>
        <select
          aria-label={t("sort")}
          value={sortBy.value}
          onChange={(e) => (sortBy.value = e.currentTarget.value as typeof sortBy.value)}
        >
          <option value="value">{t("sort_value")}</option>
          <option value="area_id">{t("sort_name")}</option>
          <option value="area_m2">{t("sort_size")}</option>
          <option value="verdict">{t("sort_verdict")}</option>
        </select>
      </div>
      <p class="quiet" role="status">
        {table
          ? rows.length
            ? t("num_areas", { n: rows.length.toLocaleString(), all: table.area_id.length.toLocaleString() })
            : t("none_found")
          : t("loading")}
      </p>
      <div
        class="rows"
        ref={place}
        id="areas"
        tabIndex={-1}
        onScroll={(e) => {
          top.value = e.currentTarget.scrollTop;
          height.value = e.currentTarget.clientHeight;
        }}
      >
        <div ref={(box) => void (box && (box.style.height = `${rows.length * ROW_PX}px`))}>
          <ul ref={(box) => void (box && (box.style.transform = `translateY(${first * ROW_PX}px)`))}>
            {table &&
              rows.slice(first, last).map((a) => (
                <li key={a}>
                  <button type="button" class={a === selected.value ? "chosen" : ""} onClick={() => choose(a)}>
                    <b>{table.area_id[a]}</b>
                    <span class="num">{value(a)}</span>
                    <small>
                      {table.hazard_class[a]} · {word(table.status[a]!)} · {ground(table.area_m2[a])}
                      {table.place_known[a] ? "" : ` · ${t("unplaced")}`}
                    </small>
                    <small class="verdict">{word(table.verdict[a]!)}</small>
                  </button>
                </li>
              ))}
          </ul>
        </div>
      </div>
    </div>
  );
}
