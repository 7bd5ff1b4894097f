// Writes the pages of docs/ that are generated from the code; with --check it only says whether they
// are current, and exits 1 when one is not.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { renderConfigurationReference } from '../src/config/reference.ts'
import { allEndpoints } from '../src/console/api/all.ts'
import { renderApiDocument } from '../src/console/api/openapi.ts'
import { renderConnectorReference } from '../src/connector/config/reference.ts'
import { renderPolicyReference } from '../src/policy/language/reference.ts'
import { renderLogReference } from '../src/telemetry/log-reference.ts'
import { renderAttacks } from './attacks-page.ts'
import { renderMutants } from '../test/mutants/report.ts'
import { renderLimits } from './limits.ts'
import { renderMetricsPage } from './metrics-page.ts'
import { renderRooms } from './rooms.ts'

/** Each page made from the code, or from what the page has around its generated part. */
const pages: Readonly<Record<string, (page: string) => string>> = {
  'architecture.md': renderRooms,
  'configuration.md': renderConfigurationReference,
  'connectors.md': renderConnectorReference,
  'limits.md': renderLimits,
  'logs.md': renderLogReference,
  'metrics.md': renderMetricsPage,
  'mutants.md': renderMutants,
  'openapi.json': () => renderApiDocument(allEndpoints),
  'policy.md': renderPolicyReference,
  'security.md': renderAttacks,
}

const onlyCheck = process.argv.includes('--check')
const folder = join(import.meta.dirname, '..', 'docs')

for (const [name, render] of Object.entries(pages)) {
  const path = join(folder, name)
  const page = read(path)
  const text = render(page)
  if (!onlyCheck) writeFileSync(path, text)
  else if (page !== text) {
    process.stderr.write(`docs/${name} is not current: run "npm run docs" and commit it\n`)
    process.exitCode = 1
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
