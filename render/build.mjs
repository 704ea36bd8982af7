// Bundles src/ into dist/: `node build.mjs`.
import { createRequire } from 'node:module';
import { build } from 'esbuild';

const fromUi = createRequire(new URL('./node_modules/@grafana/ui/package.json', import.meta.url));

// @grafana/ui wants version 5 of react-router-dom, @grafana/scenes version 6: the bridge between them needs that of ui.
const routerOfUi = {
  name: 'router-of-ui',
  setup(builder) {
    builder.onResolve({ filter: /^react-router-dom$/ }, ({ importer }) =>
      importer.includes('react-router-dom-v5-compat') ? { path: fromUi.resolve('react-router-dom') } : undefined
    );
  },
};

// @grafana/plugin-compat looks whether @grafana/runtime has what newer versions export; a missing name stops esbuild.
const probes = {
  name: 'probes',
  setup(builder) {
    builder.onLoad({ filter: /plugin-compat.*\.m?js$/ }, async ({ path }) => {
      const { readFile } = await import('node:fs/promises');
      const text = await readFile(path, 'utf8');
      const contents = text.replace(
        /import\s*\{([^}]*)\}\s*from\s*(['"]@grafana\/[\w/-]+['"]);?/g,
        (_, names, source) =>
          `import * as probed_${source.replace(/\W/g, '')} from ${source};\nconst {${names.replace(/ as /g, ': ')}} = ` +
          `probed_${source.replace(/\W/g, '')};`
      );
      return { contents, loader: 'js' };
    });
  },
};

await build({
  entryPoints: ['src/main.jsx'],
  outdir: 'dist',
  bundle: true,
  minify: true,
  format: 'iife',
  platform: 'browser',
  target: 'chrome120',
  jsx: 'automatic',
  define: { 'process.env.NODE_ENV': '"production"', global: 'window' },
  loader: { '.woff': 'dataurl', '.woff2': 'dataurl', '.svg': 'dataurl', '.png': 'dataurl', '.ttf': 'dataurl' },
  plugins: [routerOfUi, probes],
  logLevel: 'warning',
  logLimit: 20,
  absWorkingDir: new URL('.', import.meta.url).pathname,
});
