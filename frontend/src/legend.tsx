// What the colours mean, and which layers are on.

import { COLOURS, NONE_COLOUR, UNKNOWN_COLOUR, VERDICT_COLOURS, breaksOf, SHOWN, type Shown } from "./scale";
import { about, layers, panes } from "./state";
import { STATES, type State } from "./types";
import { number, percent, t, word } from "./words";

/** The page's policy forbids style attributes in its text; a script may set them. */
function Chip({ colour }: { colour: string }) {
  return <span class="chip" ref={(box) => void (box && (box.style.background = colour))} />;
}

function Classes({ shown, layer }: { shown: Shown; layer: "areas" | "cells" }) {
  const say = shown === "chance" ? percent : number;
  const breaks = breaksOf(shown, layer);
  return (
    <ul class="classes">
      {COLOURS.map((colour, k) => (
        <li key={colour}>
          <Chip colour={colour} />
          {k === 0
            ? t("below", { a: say(breaks[0]) })
            : k === breaks.length
              ? t("above", { a: say(breaks[k - 1]) })
              : t("from_to", { a: say(breaks[k - 1]), b: say(breaks[k]) })}
        </li>
      ))}
      <li>
        <Chip colour={NONE_COLOUR} />
        {t("none_left")}
      </li>
      <li>
        <Chip colour={UNKNOWN_COLOUR} />
        {t("unknown")}
      </li>
    </ul>
  );
}

export function Legend({ pane }: { pane: number }) {
  const { shown, state } = panes.value[pane]!;
  const set = (change: object): void => {
    panes.value = panes.value.map((p, i) => (i === pane ? { ...p, ...change } : p));
  };
  const can = SHOWN.filter((s) => s !== "verdict" || about.value!.num_areas > 0);
  return (
    <section class="legend" aria-label={t(shown)}>
      <label>
        <span>{t("show")}</span>
        <select value={shown} onChange={(e) => set({ shown: e.currentTarget.value as Shown })}>
          {can.map((s) => (
            <option key={s} value={s}>
              {t(s)}
            </option>
          ))}
        </select>
      </label>
      {shown !== "verdict" && (
        <label>
          <span>{t("state")}</span>
          <select value={state} onChange={(e) => set({ state: e.currentTarget.value as State })}>
            {STATES.map((s) => (
              <option key={s} value={s}>
                {word(s)}
              </option>
            ))}
          </select>
        </label>
      )}
      {shown === "verdict" ? (
        <ul class="classes">
          {Object.keys(VERDICT_COLOURS).map((v) => (
            <li key={v}>
              <Chip colour={VERDICT_COLOURS[v]!} />
              {word(v)}
            </li>
          ))}
        </ul>
      ) : (
        <div class="pair">
          {about.value!.num_areas > 0 && (
            <div>
              <h3>{t("areas_legend")}</h3>
              <Classes shown={shown} layer="areas" />
            </div>
          )}
          {shown === "chance" && about.value!.num_cells > 0 && (
            <div>
              <h3>{t("cells_legend")}</h3>
              <Classes shown={shown} layer="cells" />
            </div>
          )}
        </div>
      )}
      {about.value!.num_cells > 0 && <p class="quiet">{t("zoomed_out")}</p>}
    </section>
  );
}

export function Layers() {
  const names = { areas: "layer_areas", cells: "layer_cells", records: "layer_records", base: "layer_base" } as const;
  return (
    <fieldset class="layers">
      <legend>{t("layers")}</legend>
      {(Object.keys(names) as (keyof typeof names)[]).map((name) => (
        <label key={name}>
          <input
            type="checkbox"
            checked={layers.value[name]}
            onChange={(e) => (layers.value = { ...layers.value, [name]: e.currentTarget.checked })}
          />
          {t(names[name], { size: about.value!.cell_m })}
        </label>
      ))}
    </fieldset>
  );
}
