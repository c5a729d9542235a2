import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { defineConfig, type Plugin } from "vite";

const OUT = "../src/remnant/web/static/page";

/** Writes what the page was built from, so that a test without npm sees a page that was not built anew. */
function sourceMark(): Plugin {
  return {
    name: "source-mark",
    closeBundle() {
      const files = ["index.html", "package-lock.json", ...(readdirSync("src", { recursive: true }) as string[])
        .map((name) => join("src", name))
        .filter((name) => /\.(tsx?|css)$/.test(name))];
      const hash = createHash("sha256");
      for (const name of files.sort()) hash.update(name).update("\0").update(readFileSync(name)).update("\0");
      writeFileSync(join(OUT, "source.sha256"), `${hash.digest("hex")}\n`);
    },
  };
}

// The page is built into the Python package: it is shipped in the wheel, and npm is only needed to change it.
export default defineConfig({
  base: "./",
  publicDir: false,
  plugins: [sourceMark()],
  build: {
    outDir: OUT,
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: false,
    chunkSizeWarningLimit: 2000,
    rollupOptions: {
      output: {
        entryFileNames: "[name].js",
        chunkFileNames: "[name].js",
        assetFileNames: "[name][extname]",
      },
    },
  },
});
