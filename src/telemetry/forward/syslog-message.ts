// A record of the audit log as a syslog message: RFC 5424, and the frame that RFC 5425 puts around it.
// https://www.rfc-editor.org/rfc/rfc5424 https://www.rfc-editor.org/rfc/rfc5425
import { cleanLine } from '../../terminal-text.ts'
import type { AuditKind } from '../audit/keeper.ts'
import type { KeptEntry } from '../audit/read-audit.ts'
import type { ForwardedRecord } from './record.ts'

/** RFC 5424 §6.2.1: "log audit". */
const auditFacility = 13
const warning = 4
const notice = 5
const informational = 6

const severities: Readonly<Record<AuditKind, number>> = {
  'sign-in': informational,
  session: informational,
  decision: informational,
  tunnel: informational,
  cut: notice,
  grant: notice,
  admin: notice,
  audit: notice,
}

/** RFC 5424 §7.2.2: number 32473 is for whoever has none of their own (RFC 5612). */
const dataId = 'audit@32473'
/** RFC 5424 §6.1: names in the header are visible ASCII, each so long at most. */
const messageIdLength = 32
const hostNameLength = 255
/** A value is repeated for filters; the whole of it stands in the message. */
const valueLength = 256

/** What stands in `STRUCTURED-DATA`, by its name there. */
const dataFields = ['user', 'email', 'ip', 'route-id', 'session-id', 'request-id'] as const

const byteOrderMark = '\uFEFF'

/**
 * The message of a record. Its text is the line of the log as it is, so that whoever has it can verify the chain. The
 * mark before it says that it is UTF-8 (§6.4); a text of ASCII alone needs none, and many receivers keep it.
 */
export function syslogMessage(record: ForwardedRecord, hostName: string): string {
  const { entry, line } = record
  const header = [
    `<${auditFacility * 8 + severityOf(entry)}>1`,
    timestampOf(entry.time),
    headerName(hostName, hostNameLength),
    'postern',
    // PROCID: a record may be sent by another process than made it.
    '-',
    headerName(entry.event, messageIdLength),
  ]
  const isAscii = /^[\x20-\x7e]*$/.test(line)
  return `${header.join(' ')} ${structuredData(record)} ${isAscii ? '' : byteOrderMark}${line}`
}

/** RFC 5425 §4.3.1: `MSG-LEN SP SYSLOG-MSG`, the length in octets. */
export function frameSyslog(message: string): Buffer {
  return Buffer.from(`${Buffer.byteLength(message)} ${message}`)
}

/** What somebody was refused or failed at is a warning, of whichever kind. */
function severityOf({ kind, event, allow, deny }: KeptEntry): number {
  const isNo = allow === false || deny === true || /\b(?:failed|refused|denied)\b/.test(event)
  return isNo ? warning : (severities[kind] ?? notice)
}

/** RFC 5424 §6.2.3: in UTC; `-` for what is no time. */
function timestampOf(time: string): string {
  const timeMs = Date.parse(time)
  return Number.isNaN(timeMs) ? '-' : new Date(timeMs).toISOString()
}

function headerName(text: unknown, maxLength: number): string {
  const name = typeof text === 'string' ? text.replaceAll(/[^\x21-\x7e]+/g, '-') : ''
  return name.slice(0, maxLength) || '-'
}

function structuredData({ series, seq, entry }: ForwardedRecord): string {
  const given = dataFields.map((name) => [name, entry[name]] as const)
  const all = [['series', series], ['seq', seq], ['kind', entry.kind] as const, ...given] as const
  const params = all.flatMap(([name, value]) =>
    typeof value === 'string' || typeof value === 'number'
      ? [`${name}="${escapeValue(String(value))}"`]
      : [],
  )
  return `[${[dataId, ...params].join(' ')}]`
}

/** RFC 5424 §6.3.3: these three are escaped; what no reader should obey is shown. */
function escapeValue(value: string): string {
  return cleanLine(value, valueLength).replaceAll(/["\\\]]/g, '\\$&')
}
