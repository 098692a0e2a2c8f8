/**
 * Mocha reporter: shows the tests like "spec" and writes the counts as JSON to the file of --reporter-option output=FILE,
 * for scripts/sum-results.js. CommonJS because mocha loads reporters with require.
 */
const { mkdirSync, writeFileSync } = require('node:fs');
const path = require('node:path');
const { reporters } = require('mocha');

module.exports = class SpecWithCounts extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const output = options.reporterOption?.output;
    if (output === undefined) return;
    runner.once('end', () => {
      const { passes, failures, pending } = this.stats;
      mkdirSync(path.dirname(output), { recursive: true });
      writeFileSync(output, `${JSON.stringify({ passed: passes, failed: failures, skipped: pending })}\n`);
    });
  }
};
