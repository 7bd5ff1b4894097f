// Writes audit records as fast as they are kept, into files that are full after a few, and says each that is: DIRECTORY, FIRST
// NUMBER. It is started by audit-files.test.ts, and killed.
import { createPrivateKey } from 'node:crypto'
import { silentLogger } from '../../src/log.ts'
import { createAuditSigner } from '../../src/gateway/audit-signer.ts'
import { systemClock } from '../../src/clock.ts'
import { openAuditFiles } from '../../src/telemetry/audit/audit-files.ts'
import { createCheckpoints } from '../../src/telemetry/audit/checkpoints.ts'

const [directory = '', first] = process.argv.slice(2)
/** One key for the whole log, as a gateway has it in its database. */
const privateKey = createPrivateKey(process.env['AUDIT_KEY'] ?? '')
const signer = createAuditSigner(
  { all: () => Promise.resolve([{ privateKey }]) } as unknown as Parameters<
    typeof createAuditSigner
  >[0],
  'crash.example.com',
)
/** About six records in a file, and five files. */
const bounds = { maxFileBytes: 1_500, maxSeriesBytes: 7_500, maxAgeDays: 90 }
const files = openAuditFiles(directory, systemClock, bounds, () => signer)
const checkpoints = createCheckpoints({
  directory,
  files,
  signer: () => signer,
  clock: systemClock,
  logger: silentLogger,
})
for (let number = Number(first); ; number += 1) {
  const time = new Date().toISOString()
  const entry = { time, kind: 'admin', event: 'written', number, filling: 'x'.repeat(60) }
  await files.append('people', [JSON.stringify(entry)])
  checkpoints.wrote(1)
  process.stdout.write(`${number}\n`)
  if (number % 7 === 0) await checkpoints.sign()
}
