import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { createFakeClock, type FakeClock } from '../../../fake-clock.ts'
import { silentLogger } from '../../../log.ts'
import { openAuditFiles, type AuditFiles } from '../audit-files.ts'
import { createCheckpoints, type Checkpoints } from '../checkpoints.ts'
import type { NoteSigner } from '../note-signer.ts'
import { auditBounds, type AuditBounds } from '../retention.ts'
import {
  formatVerifierKey,
  signNote,
  verifierKeyOf,
  type NoteKey,
  type VerifierKey,
} from '../signed-note.ts'

/** A log as a gateway keeps it, to be tampered with. */
export interface TestLog {
  readonly directory: string
  readonly files: AuditFiles
  readonly checkpoints: Checkpoints
  readonly clock: FakeClock
  readonly key: NoteKey
  readonly signer: NoteSigner
  /** Who signs: undefined for nobody. */
  readonly by: { signer: NoteSigner | undefined }
  readonly verifierKey: VerifierKey
  /** Keeps some decisions, each with its number from here on. */
  write(entries: number): Promise<void>
  /** As a process that starts anew. */
  reopen(): Pick<TestLog, 'files' | 'checkpoints'>
}

export async function openTestLog(
  t: TestContext,
  limits: Partial<AuditBounds> = {},
  host = 'gateway.example.com',
): Promise<TestLog> {
  const parent = await mkdtemp(join(tmpdir(), 'postern-verify-'))
  t.after(() => rm(parent, { recursive: true }))
  const directory = join(parent, 'audit')
  const clock = createFakeClock()
  const key: NoteKey = { name: `${host}/audit`, ...generateKeyPairSync('ed25519') }
  const verifierKey = verifierKeyOf(key)
  const signer: NoteSigner = {
    origin: key.name,
    sign: (text: string) =>
      Promise.resolve({
        note: signNote(text, [key]),
        verifierKeys: [formatVerifierKey(verifierKey)],
      }),
    verifierKeys: () => Promise.resolve([formatVerifierKey(verifierKey)]),
  }
  const by: TestLog['by'] = { signer }
  const reopen = () => {
    const bounds = { ...auditBounds, ...limits }
    const files = openAuditFiles(directory, clock, bounds, () => by.signer)
    const logger = silentLogger
    const checkpoints = createCheckpoints({
      directory,
      files,
      signer: () => by.signer,
      clock,
      logger,
    })
    files.onKept(({ lines }) => checkpoints.wrote(lines.length))
    t.after(() => files.close())
    return { files, checkpoints }
  }
  const first = reopen()
  return {
    directory,
    clock,
    key,
    signer,
    by,
    verifierKey,
    ...first,
    reopen,
    async write(entries) {
      const texts = Array.from({ length: entries }, (_, index) => decisionOf(index, clock.now()))
      for (let at = 0; at < entries; at += 100)
        await first.files.append('decisions', texts.slice(at, at + 100))
    },
  }
}

const people = ['alice@example.com', 'bob@example.com', 'zoë@example.com', 'ødegård@example.com']

function decisionOf(index: number, timeMs: number): string {
  const allow = index % 3 !== 0
  return JSON.stringify({
    time: new Date(timeMs + index * 1_000).toISOString(),
    kind: 'decision',
    event: 'authorize check',
    email: people[index % people.length],
    ip: `203.0.113.${index % 250}`,
    'request-id': `r${index}`,
    host: 'ssh.example.com:22',
    route: 'ssh "front" {door}',
    allow,
    deny: false,
  })
}
