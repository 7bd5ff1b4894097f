import { randomInt } from 'node:crypto'
import { decode } from 'dns-packet'
import { formatAuthority } from '../../address.ts'
import { UpstreamError, messageOf } from '../../errors.ts'
import { exchange } from './exchange.ts'
import {
  added,
  encodeUpdate,
  holds,
  notInUse,
  removed,
  removedAlone,
  type Update,
  type UpdateRecord,
  type ZoneRecord,
} from './message.ts'
import type { DnsSettings, ZoneSettings } from './settings.ts'
import { isSignedAnswer, signMessage, splitTsig, type Tsig } from './tsig.ts'

/** RFC 1035 §4.1.1 and RFC 2136 §2.2. */
const rcodes = {
  NOERROR: 0,
  SERVFAIL: 2,
  REFUSED: 5,
  YXDOMAIN: 6,
  NXRRSET: 8,
  NOTAUTH: 9,
  NOTZONE: 10,
}
/** RFC 8945 §3. */
const tsigErrors = { BADSIG: 16, BADKEY: 17, BADTIME: 18 }

type Ask = (settings: ZoneSettings, update: Omit<Update, 'zone'>) => Promise<number>

/**
 * Puts the records of one name into the zone; nothing is done where they are there. A name that has other
 * records is left alone: they are somebody's.
 *
 * @throws UpstreamError `dns-…`, with what to do about it
 */
export async function addRecords(
  settings: DnsSettings,
  records: readonly ZoneRecord[],
  nowMs: () => number,
): Promise<void> {
  const ask = asker(nowMs)
  const [first] = records
  if (first === undefined) return
  const rcode = await ask(settings, {
    prerequisites: [notInUse(first.name)],
    updates: records.map((record) => added(record, settings.ttlSeconds)),
  })
  if (rcode === rcodes.NOERROR) return
  if (rcode !== rcodes.YXDOMAIN) throw refused(rcode, settings)
  const same = await ask(settings, { prerequisites: records.map(holds), updates: [] })
  if (same === rcodes.NOERROR) return
  throw same === rcodes.NXRRSET ? othersRecord(first.name, settings) : refused(same, settings)
}

/**
 * Takes the records of one name out of the zone, as long as they are what was put there; nothing is done where
 * the name has none.
 *
 * @throws UpstreamError `dns-…`, with what to do about it
 */
export async function removeRecords(
  settings: DnsSettings,
  records: readonly ZoneRecord[],
  nowMs: () => number,
): Promise<void> {
  const ask = asker(nowMs)
  const [first] = records
  if (first === undefined) return
  const types = [...new Map(records.map((record) => [record.type, record])).values()]
  const rcode = await ask(settings, {
    prerequisites: records.map(holds),
    updates: types.map(removed),
  })
  if (rcode === rcodes.NOERROR) return
  if (rcode !== rcodes.NXRRSET) throw refused(rcode, settings)
  const free = await ask(settings, { prerequisites: [notInUse(first.name)], updates: [] })
  if (free === rcodes.NOERROR) return
  throw free === rcodes.YXDOMAIN ? othersRecord(first.name, settings) : refused(free, settings)
}

/**
 * Puts a TXT record beside whatever others its name has.
 *
 * @throws UpstreamError `dns-…`, with what to do about it
 */
export async function addText(
  settings: ZoneSettings,
  text: TextRecord,
  nowMs: () => number,
): Promise<void> {
  await change(settings, added({ ...text, type: 'TXT' }, settings.ttlSeconds), nowMs)
}

/** Takes one out again, and no others; nothing is done where it is not there. Throws as `addText`. */
export async function removeText(
  settings: ZoneSettings,
  text: TextRecord,
  nowMs: () => number,
): Promise<void> {
  await change(settings, removedAlone({ ...text, type: 'TXT' }), nowMs)
}

/** A TXT record: `value` of at most 255 bytes. */
export interface TextRecord {
  readonly name: string
  readonly value: string
}

/**
 * Asks for nothing to be done: whether the server answers, takes the key and has the zone. Whether the key may write
 * there it does not say.
 *
 * @throws UpstreamError `dns-…`, with what to do about it
 */
export async function tryZone(settings: ZoneSettings, nowMs: () => number): Promise<void> {
  const rcode = await asker(nowMs)(settings, { prerequisites: [], updates: [] })
  if (rcode !== rcodes.NOERROR) throw refused(rcode, settings)
}

async function change(
  settings: ZoneSettings,
  update: UpdateRecord,
  nowMs: () => number,
): Promise<void> {
  const rcode = await asker(nowMs)(settings, { prerequisites: [], updates: [update] })
  if (rcode !== rcodes.NOERROR) throw refused(rcode, settings)
}

/** Sends updates, and answers what a server with the key has answered. */
function asker(nowMs: () => number): Ask {
  return async (settings, update) => {
    const { server, zone, key } = settings
    const id = randomInt(0x1_0000)
    const { message, mac } = signMessage(encodeUpdate(id, { zone, ...update }), key, nowMs())
    const answer = await exchange(server, message).catch((cause: unknown) => {
      throw unreachable(cause, settings)
    })
    const { rcode, tsig, unsigned } = read(answer, id, settings)
    if (tsig !== undefined && tsig.error !== 0) throw keyRefused(tsig, settings, nowMs())
    if (rcode === rcodes.NOTAUTH && tsig === undefined) throw refused(rcode, settings)
    const isSigned =
      tsig !== undefined &&
      unsigned !== undefined &&
      isSignedAnswer(unsigned, tsig, { key, requestMac: mac, nowMs: nowMs() })
    // What says no without the key changes nothing by that; a yes must be the server's own.
    if (!isSigned && rcode !== rcodes.REFUSED) throw unsignedAnswer(settings)
    return rcode
  }
}

function read(
  answer: Buffer,
  id: number,
  settings: ZoneSettings,
): { rcode: number; tsig: Tsig | undefined; unsigned: Buffer | undefined } {
  try {
    // Whether the whole can be read; the library knows no signatures.
    if (decode(answer).id !== id) throw new RangeError('it is to another question')
    return {
      rcode: answer.readUInt16BE(2) & 0xf,
      tsig: undefined,
      unsigned: undefined,
      ...splitTsig(answer),
    }
  } catch (cause) {
    const text = `${nameOf(settings)} gave an answer that cannot be read: ${messageOf(cause)}`
    throw new UpstreamError('dns-unexpected-answer', text, { cause, hint: checkServer })
  }
}

const checkServer = 'check "server" of the site\'s "dns"'

function nameOf({ server }: ZoneSettings): string {
  return `the DNS server "${formatAuthority(server)}"`
}

function unreachable(cause: unknown, settings: ZoneSettings): UpstreamError {
  const text = `${nameOf(settings)} cannot be asked: ${messageOf(cause)}`
  return new UpstreamError('dns-unreachable', text, {
    cause,
    hint: `${checkServer}, and that it takes TCP`,
  })
}

function keyRefused(tsig: Tsig, settings: ZoneSettings, nowMs: number): UpstreamError {
  const { name, algorithm } = settings.key
  if (tsig.error === tsigErrors.BADTIME) {
    const theirs =
      tsig.other.length === 6 ? Buffer.from(tsig.other).readUIntBE(0, 6) : tsig.timeSeconds
    const apart = Math.round(Math.abs(nowMs / 1000 - theirs))
    const text = `${nameOf(settings)} has another time: its clock and the gateway's are ${apart} seconds apart`
    return new UpstreamError('dns-wrong-time', text, { hint: 'set both clocks, such as by NTP' })
  }
  if (tsig.error === tsigErrors.BADKEY) {
    const text = `${nameOf(settings)} does not know the key "${name}" with ${algorithm}`
    return new UpstreamError('dns-wrong-key', text, {
      hint: 'check "key_name" and "key_algorithm" against the key of the server',
    })
  }
  const text = `${nameOf(settings)} does not accept the signature of the key "${name}"`
  return new UpstreamError('dns-wrong-key', text, {
    hint: 'check "key_secret" against the secret of that key on the server',
  })
}

function refused(rcode: number, settings: ZoneSettings): UpstreamError {
  const { zone, key } = settings
  const who = nameOf(settings)
  if (rcode === rcodes.REFUSED)
    return new UpstreamError('dns-refused', `${who} refuses the update of "${zone}"`, {
      hint: `let the key "${key.name}" write there, as "update-policy" of BIND does`,
    })
  if (rcode === rcodes.NOTAUTH || rcode === rcodes.NOTZONE)
    return new UpstreamError(
      'dns-not-its-zone',
      `${who} is not the primary of the zone "${zone}"`,
      {
        hint: 'check "server" and "zone" of the site\'s "dns"',
      },
    )
  const name = Object.entries(rcodes).find(([, code]) => code === rcode)?.[0] ?? `code ${rcode}`
  return new UpstreamError('dns-refused', `${who} did not update "${zone}": ${name}`, {
    hint: 'its log says why',
  })
}

function unsignedAnswer(settings: ZoneSettings): UpstreamError {
  const text = `${nameOf(settings)} gave an answer that the key "${settings.key.name}" did not sign`
  return new UpstreamError('dns-unsigned-answer', text, {
    hint: 'something else than the server may have answered; check that it has the same key',
  })
}

function othersRecord(name: string, { zone }: ZoneSettings): UpstreamError {
  return new UpstreamError(
    'dns-other-record',
    `"${name}" has another record in "${zone}", which stays`,
    {
      hint: 'remove it from the zone if it is not needed, and run the command again',
    },
  )
}
