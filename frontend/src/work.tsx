// What one can do with the result: try another policy, add up drawn ground, take areas away.

import { signal } from "@preact/signals";
import { areas, about, drawn, drawing, failure, otherPolicy, step } from "./state";
import { listed } from "./list";
import { windowRing } from "./map";
import { source, type Totals } from "./source";
import { STATES, type AreaTable } from "./types";
import { day, ground, number, percent, t, word } from "./words";

const own = signal<Pick<AreaTable, "verdict" | "reasons" | "deciding"> | null>(null);
const totals = signal<Totals | null>(null);
const asking = signal(false);
const date = signal("");

async function attempt(what: () => Promise<void>): Promise<void> {
  asking.value = true;
  failure.value = "";
  try {
    await what();
  } catch (error) {
    failure.value = (error as Error).message;
  } finally {
    asking.value = false;
  }
}

const LIMITS = [
  ["p_any_armed_max", "limit_armed", 100],
  ["p_any_explosive_max", "limit_explosive", 100],
  ["density", "limit_density", 1],
  ["individual_risk_max_per_year", "limit_risk", 1],
] as const;

function Policy() {
  const stated = about.value!.policy;
  const judge = (event: Event): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const policy: Record<string, unknown> = {};
    for (const [name, , scale] of LIMITS) {
      const text = String(form.get(name) ?? "").trim();
      if (!text) continue;
      const value = Number(text) / scale;
      policy[name === "density" ? "density_q95_max_per_km2" : name] = value;
    }
    void attempt(async () => {
      const told = await source.verdicts!(policy);
      const table = areas.value!;
      own.value ??= { verdict: table.verdict, reasons: table.reasons, deciding: table.deciding };
      areas.value = { ...table, ...told };
      otherPolicy.value = true;
    });
  };
  const back = (): void => {
    if (own.value) areas.value = { ...areas.value!, ...own.value };
    otherPolicy.value = false;
  };
  const count = (verdicts: string[]): Map<string, number> => {
    const out = new Map<string, number>();
    for (const v of verdicts) out.set(v, (out.get(v) ?? 0) + 1);
    return out;
  };
  const now = count(areas.value?.verdict ?? []);
  const before = own.value ? count(own.value.verdict) : now;
  const density = (stated.density_q95_max_per_km2 as unknown as Record<string, number> | null)?.explosive;
  const first = (name: string): string => {
    const value = name === "density" ? density : (stated[name] as number | null);
    const scale = LIMITS.find((l) => l[0] === name)![2];
    return value == null ? "" : String(Number((value * scale).toPrecision(6)));
  };
  return (
    <form onSubmit={judge}>
      <h3>{t("policy")}</h3>
      {LIMITS.map(([name, label]) => (
        <label key={name} class="limit">
          <span>{t(label)}</span>
          <input name={name} type="number" min="0" step="any" inputMode="decimal" defaultValue={first(name)} />
        </label>
      ))}
      <p class="actions">
        <button type="submit" disabled={asking.value}>
          {t("judge")}
        </button>
        {otherPolicy.value && (
          <button type="button" onClick={back}>
            {t("own_policy")}
          </button>
        )}
      </p>
      <table>
        <caption>{otherPolicy.value ? t("verdicts_changed") : t("verdict")}</caption>
        <tbody>
          {[...new Set([...before.keys(), ...now.keys()])].map((v) => (
            <tr key={v}>
              <th scope="row">{word(v)}</th>
              {otherPolicy.value && <td class="num">{before.get(v) ?? 0} →</td>}
              <td class="num">{now.get(v) ?? 0}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </form>
  );
}

function Draw() {
  const ring = drawn.value;
  const dates = about.value!.asked_dates;
  const chosen = dates.includes(date.value) ? date.value : dates[0]!;
  const add = (): void =>
    void attempt(async () => {
      totals.value = await source.totals!(ring, chosen);
    });
  return (
    <section>
      <h3>{t("draw")}</h3>
      <p class="quiet">{t(drawing.value ? "draw_how" : "draw_what")}</p>
      <p class="actions">
        <button
          type="button"
          aria-pressed={drawing.value}
          onClick={() => {
            if (!drawing.value) {
              drawn.value = [];
              totals.value = null;
            }
            drawing.value = !drawing.value;
          }}
        >
          {drawing.value ? t("draw_end", { n: ring.length }) : t("draw_begin")}
        </button>
        <button
          type="button"
          onClick={() => {
            drawing.value = false;
            drawn.value = windowRing();
            totals.value = null;
          }}
        >
          {t("draw_window")}
        </button>
        {ring.length > 0 && (
          <button
            type="button"
            onClick={() => {
              drawing.value = false;
              drawn.value = [];
              totals.value = null;
            }}
          >
            {t("draw_clear")}
          </button>
        )}
      </p>
      <p class="actions">
        <select aria-label={t("date")} value={chosen} onChange={(e) => (date.value = e.currentTarget.value)}>
          {dates.map((d) => (
            <option key={d} value={d}>
              {day(d)}
            </option>
          ))}
        </select>
        <button type="button" disabled={asking.value || drawing.value || ring.length < 3} onClick={add}>
          {t("add_up")}
        </button>
      </p>
      {totals.value && (
        <table>
          <caption>
            {ground(totals.value.area_m2)}, {day(totals.value.date)}.{" "}
            {t("reckoned", { area: ground(totals.value.reckoned_m2) })}
          </caption>
          <thead>
            <tr>
              <th scope="col">{t("state")}</th>
              <th scope="col" class="num">{t("expected")}</th>
              <th scope="col" class="num">{t("interval")}</th>
              <th scope="col" class="num">{t("chance_any")}</th>
            </tr>
          </thead>
          <tbody>
            {STATES.map((state) => {
              const { mean, q05, q95, p_any } = totals.value!.states[state];
              return (
                <tr key={state}>
                  <th scope="row">{word(state)}</th>
                  <td class="num">{number(mean)}</td>
                  <td class="num">
                    {number(q05)} – {number(q95)}
                  </td>
                  <td class="num">{percent(p_any)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
    </section>
  );
}

function Take() {
  const take = (format: string): void =>
    void attempt(async () => {
      const file = await source.selection!(listed.value, step.value, format);
      const link = document.createElement("a");
      link.href = URL.createObjectURL(file);
      link.download = `areas-${about.value!.dates[step.value]}.${format}`;
      link.click();
      URL.revokeObjectURL(link.href);
    });
  return (
    <section>
      <h3>{t("take")}</h3>
      <p class="quiet">{t("take_what", { n: listed.value.length.toLocaleString() })}</p>
      <p class="actions">
        {[
          ["gpkg", "GeoPackage"],
          ["xlsx", "Excel"],
          ["geojson", "GeoJSON"],
        ].map(([format, name]) => (
          <button key={format} type="button" disabled={asking.value || !listed.value.length} onClick={() => take(format!)}>
            {name}
          </button>
        ))}
      </p>
    </section>
  );
}

export function Work() {
  if (!source.verdicts) return <p class="quiet">{t("only_served")}</p>;
  return (
    <div class="work">
      {about.value!.num_areas > 0 && <Policy />}
      {about.value!.num_cells > 0 && <Draw />}
      {about.value!.num_areas > 0 && <Take />}
    </div>
  );
}
