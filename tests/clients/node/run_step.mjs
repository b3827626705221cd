// Runs one exported step of a script: `node run_step.mjs SCRIPT STEP JSON` prints what the step returned, as JSON.
// Packages are taken from the folder CLIENTS_MODULES names, because these scripts lie outside it.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [script, step, given] = process.argv.slice(2);
const take = createRequire(join(process.env.CLIENTS_MODULES, 'package.json'));
const steps = await import(pathToFileURL(script));
try {
  const result = await steps[step](take, JSON.parse(given));
  process.stdout.write(JSON.stringify(result ?? null), () => process.exit(0));
} catch (error) {
  process.stderr.write(`${step}: ${error?.stack ?? error}\n`, () => process.exit(1));
}
