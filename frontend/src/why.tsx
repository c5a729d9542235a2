// Why an area has its value: numbers now, over time, the verdict, and the evidence record by record.

import { effect, signal } from "@preact/signals";
import { Curve } from "./curve";
import { source } from "./source";
import { about, areas, chosenCell, failure, language, selected, step, why } from "./state";
import { STATES, type Row, type Why as Told } from "./types";
import { day, ground, number, percent, t, word } from "./words";

const asked = signal<number | null>(null);
effect(() => {
  const area = selected.value;
  if (area === null) {
    why.value = null;
    asked.value = null;
    return;
  }
  if (asked.peek() === area) return;
  asked.value = area;
  source
    .why(area)
    .then((told) => {
      if (selected.peek() === area) why.value = told;
    })
    .catch((error: Error) => {
      failure.value = error.message;
      asked.value = null;
    });
});

function Numbers({ curve }: { curve: Told["curve"] }) {
  return (
    <table>
      <caption>{t("items")}</caption>
      <thead>
        <tr>
          <th scope="col">{t("state")}</th>
          <th scope="col" class="num">{t("expected")}</th>
          <th scope="col" class="num">{t("interval")}</th>
          <th scope="col" class="num">{t("chance_any")}</th>
        </tr>
      </thead>
      <tbody>
        {STATES.map((state, k) => {
          const [mean, low, high, any] = curve[k]!.map((metric) => metric[step.value]);
          return (
            <tr key={state}>
              <th scope="row">{word(state)}</th>
              <td class="num">{number(mean)}</td>
              <td class="num">
                {mean == null ? t("unknown") : `${number(low)} – ${number(high)}`}
              </td>
              <td class="num">{percent(any)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function Record({ row, weights }: { row: Row; weights: Row[] }) {
  const weight = weights.find((w) => w.record_id === row.record_id && w.layer === row.layer);
  return (
    <li>
      <b>{word(String(row.kind))}</b> {String(row.what ?? "")}
      {row.items == null ? "" : ` · ${number(Number(row.items))} ${t("items").toLocaleLowerCase()}`}
      <small>
        {String(row.record_id)} · {day(row.date)} ·{" "}
        {t("row_of", { layer: String(row.layer), row: String(row.row) })}
      </small>
      <small>
        {weight
          ? t("influence", {
              with: `${percent(Number(weight.p_item_with))}, ${number(Number(weight.items_with))}`,
              without: `${percent(Number(weight.p_item_changed))}, ${number(Number(weight.items_changed))}`,
            })
          : t("influence_unknown")}
        {weight?.is_decisive ? ` ${word(String(weight.verdict_with))} → ${word(String(weight.verdict_changed))}` : ""}
      </small>
    </li>
  );
}

/** A cell outside of all areas: its numbers; why is what its kind of ground is. */
export function WhyCell() {
  const cell = chosenCell.value;
  if (!cell || selected.value !== null) return null;
  return (
    <aside class="why" aria-label={t("why")}>
      <header>
        <h2>{t("cell_of", { size: about.value!.cell_m })}</h2>
        <button type="button" class="small" onClick={() => (chosenCell.value = null)} aria-label={t("close")}>
          ×
        </button>
      </header>
      <p>
        {cell.latitude.toFixed(5)}, {cell.longitude.toFixed(5)}
      </p>
      <Numbers curve={cell.curve} />
      <Curve curve={cell.curve} />
      <p class="quiet">{t("cell_outside")}</p>
      <p class="quiet">{t("no_release")}</p>
    </aside>
  );
}

export function Why() {
  const area = selected.value;
  const table = areas.value;
  if (area === null || !table || area >= table.area_id.length) return null;
  const told = why.value?.area === area ? why.value : null;
  const column = <T,>(name: keyof typeof table): T => (table[name] as unknown as T[])?.[area] as T;
  const search = column<number | null>("search_m2");
  const wait = table.wait_until?.[area];
  const fetch = table.to_fetch?.[area];
  return (
    <aside class="why" aria-label={t("why")}>
      <header>
        <h2>{table.area_id[area]}</h2>
        <button type="button" class="small" onClick={() => (selected.value = null)} aria-label={t("close")}>
          ×
        </button>
      </header>
      <dl>
        <dt>{t("class")}</dt>
        <dd>{table.hazard_class[area]}</dd>
        <dt>{t("status")}</dt>
        <dd>{word(table.status[area]!)}</dd>
        <dt>{t("types")}</dt>
        <dd>{table.types[area]}</dd>
        <dt>{t("size")}</dt>
        <dd>{ground(table.area_m2[area])}</dd>
        <dt>{t("searched")}</dt>
        <dd>{percent(table.searched_share[area])}</dd>
        <dt>{t("found")}</dt>
        <dd>{number(table.num_found[area])}</dd>
        <dt>{t("record")}</dt>
        <dd>{t("row_of", { layer: table.layer[area]!, row: table.row[area]! })}</dd>
      </dl>
      {told ? (
        <>
          <Numbers curve={told.curve} />
          <Curve curve={told.curve} />
        </>
      ) : (
        <p role="status">{t("loading")}</p>
      )}
      <h3>{t("verdict_of")}</h3>
      <p>
        <b>{word(table.verdict[area]!)}</b>
        <br />
        {table.reasons[area]}
      </p>
      {told && told.criteria.length > 0 && (
        <table>
          <caption>{t("criteria")}</caption>
          <tbody>
            {told.criteria.map((c) => (
              <tr key={String(c.criterion)}>
                <th scope="row">{String(c.criterion).replaceAll("_", " ")}</th>
                <td class="num">{number(Number(c.mean))}</td>
                <td class="num">
                  {t("limit")} {number(Number(c.limit))}
                </td>
                <td>
                  {word(String(c.stands))} ({t("sure")} {percent(Number(c.sure))})
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <h3>{t("change")}</h3>
      <ul>
        {search !== null && search > 0 && (
          <li>{t("change_search", { area: ground(search), method: table.search_method?.[area] ?? "" })}</li>
        )}
        {wait && <li>{t("change_wait", { date: day(wait) })}</li>}
        {fetch && <li>{t("change_fetch", { what: fetch })}</li>}
        {!(search !== null && search > 0) && !wait && !fetch && <li>{t("change_none")}</li>}
      </ul>
      <h3>{t("evidence")}</h3>
      {told &&
        (told.records.length ? (
          <ul class="records">
            {told.records.slice(0, 200).map((row) => (
              <Record key={String(row.i)} row={row} weights={told.weights} />
            ))}
          </ul>
        ) : (
          <p>{t("no_evidence")}</p>
        ))}
      {source.reportUrl && (
        <p>
          <a href={source.reportUrl(language.value, area)} target="_blank" rel="noopener">
            {t("dossier")}
          </a>
        </p>
      )}
      <p class="quiet">{t("no_release")}</p>
    </aside>
  );
}
