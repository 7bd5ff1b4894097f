import { PeerError, SystemError, messageOf, systemCode } from '../../errors.ts'
import { readText } from '../../telemetry/audit/open-to-read.ts'
import { formatVerifierKey, parseVerifierKey } from '../../telemetry/audit/signed-note.ts'
import type { VerifierKey } from '../../telemetry/audit/signed-note.ts'
import type { Fault } from '../../telemetry/audit/verify/fault.ts'
import type { SeriesReport } from '../../telemetry/audit/verify/series-check.ts'
import { verifyAudit, type AuditVerdict } from '../../telemetry/audit/verify/verify-audit.ts'
import { findAuditDirectory } from '../commands/audit-directory.ts'
import type { SessionsOptions } from '../commands/gateway-options.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { note, printJson, printLine } from '../speech/print.ts'
import { printTable } from '../speech/table.ts'

export interface VerifyCommandOptions extends SessionsOptions {
  readonly checkpoint?: readonly string[]
  readonly key?: readonly string[]
}

/** Checks records and says what came of it; resolves to the exit code. */
export async function verifyCommand(
  given: readonly string[],
  options: VerifyCommandOptions,
): Promise<number> {
  const paths = given.length > 0 ? given : [await findAuditDirectory(options)]
  const keys = (await Promise.all((options.key ?? []).map(keysOf))).flat()
  const verdict = await readable(() =>
    verifyAudit({ paths, checkpoints: options.checkpoint ?? [], keys }),
  )
  if (options.json) printJson(toJson(verdict))
  else show(verdict)
  return verdict.faults.length === 0 ? exitCodes.ok : exitCodes.tampered
}

/**
 * Far more than keys come to; a file of records in its place is not read.
 *
 * @limit a file of public keys for `postern audit verify`: it ends with exit code 8
 */
const maxKeysBytes = 1024 * 1024

/** A key as a word, or those of a file. */
async function keysOf(given: string): Promise<readonly VerifierKey[]> {
  const key = parseVerifierKey(given)
  if (key !== undefined) return [key]
  const text = await readable(() => readText(given, maxKeysBytes), keyHint)
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const keys = lines.map((line) => parseVerifierKey(line.trim()))
  if (keys.length > 0 && keys.every((it) => it !== undefined)) return keys
  throw new PeerError('invalid-verifier-key', `"${given}" holds no public key of a gateway`, {
    hint: 'it is one line as "postern audit key" prints it: NAME+ID+KEY',
  })
}

async function readable<T>(read: () => Promise<T>, hint = recordsHint): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (systemCode(error) === 'ENOENT') throw notThere(error, hint)
    throw new SystemError(
      'audit-unreadable',
      `cannot read what is to be checked: ${messageOf(error)}`,
      {
        hint:
          systemCode(error) === undefined
            ? hint
            : "run this as the gateway's own user, or on a copy",
        cause: error,
      },
    )
  }
}

const recordsHint =
  'name a directory of records, such as "state/audit", or a file of "postern audit export"'
const keyHint = 'name a file with what "postern audit key" has printed, or the key itself'

function notThere(error: unknown, hint: string): SystemError {
  const { path = '' } = error as NodeJS.ErrnoException
  const message = `cannot read "${path}": there is no such file`
  return new SystemError('audit-unreadable', message, { hint, cause: error })
}

function toJson({ series, dropped, signed, keys, areKeysTrusted, faults }: AuditVerdict): object {
  return {
    ok: faults.length === 0,
    faults: faults.map(({ lastSeq, ...fault }) => ({ ...fault, last_seq: lastSeq })),
    series: series.map((it) => ({
      name: it.series,
      records: it.records,
      first: it.first,
      last: it.last,
      dropped: dropped[it.series] ?? 0,
      signed: it.signed,
      unsigned: unsignedOf(it),
      unchained_lines: it.unchained,
      incomplete_bytes: it.incompleteBytes,
    })),
    checkpoints: signed.checkpoints,
    last_checkpoint_at: signed.lastTime,
    checkpoints_of_other_keys: signed.byOtherKeys,
    keys: keys.map(formatVerifierKey),
    keys_kept_elsewhere: areKeysTrusted,
  }
}

function show(verdict: AuditVerdict): void {
  const { series, dropped, faults } = verdict
  printTable([
    ['SERIES', 'RECORDS', 'NUMBERS', 'DROPPED', 'SIGNED TO', 'NOT SIGNED', 'STATE'],
    ...series.map((it) => [
      it.series,
      String(it.records),
      it.first === undefined ? '-' : `${it.first} to ${it.last ?? it.first}`,
      String(dropped[it.series] ?? 0),
      it.signed === 0 ? '-' : String(it.signed),
      String(unsignedOf(it)),
      it.fault === undefined ? 'good' : it.fault.what,
    ]),
  ])
  for (const fault of faults) printLine(`${placeOf(fault)}${fault.detail}`)
  for (const sentence of remarks(verdict)) note(sentence)
}

function unsignedOf({ last = 0, signed }: SeriesReport): number {
  return Math.max(0, last - signed)
}

function placeOf({ file, line, series, seq, time, what }: Fault): string {
  const place = [file, line].filter((it) => it !== undefined).join(':')
  const at = time === undefined ? '' : ` at the line of ${time}`
  const record = seq === undefined ? [] : [`${series ?? ''} record ${seq}${at}`]
  return [...(place === '' ? [] : [place]), what, ...record].map((it) => `${it}: `).join('')
}

/** What a good result does not say by itself. */
function remarks({ series, signed, keys, areKeysTrusted }: AuditVerdict): readonly string[] {
  const good = series.filter(({ fault }) => fault === undefined)
  const unsigned = good.reduce((sum, it) => sum + unsignedOf(it), 0)
  const unchained = series.reduce((sum, it) => sum + it.unchained, 0)
  const names = keys.map(({ name, id }) => `"${name}+${id}"`).join(', ')
  return [
    ...(signed.lastTime === undefined
      ? ['no record is signed for: whoever wrote all of them anew is not found out']
      : [`the last checkpoint is of ${signed.lastTime}, signed by ${names}`]),
    ...(unsigned > 0 && signed.lastTime !== undefined
      ? [
          `${unsigned} records are behind it: of these the last, and whether some are missing, is not proven`,
        ]
      : []),
    ...(unchained > 0
      ? [`${unchained} lines are not chained and prove nothing; the log tells of them`]
      : []),
    ...series
      .filter(({ incompleteBytes }) => incompleteBytes > 0)
      .map(
        ({ series: name, incompleteBytes }) =>
          `at the end of "${name}" stand ${incompleteBytes} bytes of a record that is not whole: it is being written, or was when the gateway was killed`,
      ),
    ...(signed.byOtherKeys > 0
      ? [`${signed.byOtherKeys} checkpoints are signed by other keys, and were left out`]
      : []),
    ...(areKeysTrusted || signed.lastTime === undefined
      ? []
      : [
          'that key lies beside the records: compare it with one that was kept elsewhere, by --key',
        ]),
  ]
}
