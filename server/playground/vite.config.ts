import { readFileSync } from 'node:fs';
import { defineConfig, type Plugin } from 'vite';

/** The licences of what is bundled ask for their notices to travel along. */
const notices: Plugin = {
  name: 'notices',
  generateBundle() {
    const texts = ['uplot', 'three'].map(
      (name) => `${name}\n\n${readFileSync(`node_modules/${name}/LICENSE`, 'utf8')}`,
    );
    this.emitFile({ type: 'asset', fileName: 'assets/licences.txt', source: texts.join('\n\n') });
  },
};

export default defineConfig({
  base: './',
  plugins: [notices],
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1000,
    reportCompressedSize: false,
  },
});
