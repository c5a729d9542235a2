// Working the case out in the background: how far it is, begin, cancel. It goes on without this page.

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { failure } from "./state";
import { source, type Job } from "./source";
import { percent, t } from "./words";

const POLL_MS = 1_000;
/** null: no case behind this page. */
export const job = signal<Job | null>(null);

async function ask(what: () => Promise<Job>): Promise<void> {
  try {
    job.value = await what();
  } catch (error) {
    failure.value = (error as Error).message;
  }
}

export async function lookForJob(): Promise<void> {
  if (!source.job) return;
  job.value = await source.job("GET").catch(() => null);
}

export function JobPanel({ done }: { done: () => void }) {
  const now = job.value;
  const isRunning = now?.state === "running";
  useEffect(() => {
    if (!isRunning) return;
    const clock = setInterval(() => {
      void ask(() => source.job!("GET")).then(() => {
        if (job.value?.state === "done") done();
      });
    }, POLL_MS);
    return () => clearInterval(clock);
  }, [isRunning]);
  if (!now) return null;
  return (
    <section class="job">
      <h3>{t("job")}</h3>
      {isRunning ? (
        <>
          <p role="status">
            {now.step || t("job_begins")} {now.share > 0 ? percent(now.share) : ""}
          </p>
          <progress max={1} value={now.share} aria-label={t("job")} />
          <p class="quiet">{t("job_goes_on")}</p>
          <button type="button" onClick={() => void ask(() => source.job!("DELETE"))}>
            {t("job_cancel")}
          </button>
        </>
      ) : (
        <>
          {now.state === "failed" && <p role="alert">{t("failed", { said: now.said })}</p>}
          {now.state === "cancelled" && <p>{t("job_cancelled")}</p>}
          <p class="quiet">{t("job_what")}</p>
          <button type="button" onClick={() => void ask(() => source.job!("POST"))}>
            {t("job_start")}
          </button>
        </>
      )}
    </section>
  );
}
