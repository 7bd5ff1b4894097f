import type { Clock } from '../clock.ts'
import { AppError, messageOf } from '../errors.ts'
import type { Logger } from '../log.ts'
import type { DnsSettings } from './dns/settings.ts'
import { addRecords, removeRecords } from './dns/update-zone.ts'
import { wantedRecords, type Records, type RecordState, type WantedRecord } from './records.ts'
import type { Site } from './site.ts'

export interface RecordsOptions {
  /** Where names lead unless their site says: the host name of the gateway. */
  readonly target: string
  readonly clock: Clock
  readonly log: Logger
}

type Work = (
  settings: DnsSettings,
  records: readonly WantedRecord[],
  nowMs: () => number,
) => Promise<void>

/** Writes records where a site says how; elsewhere a wildcard record is assumed. */
export function createRecords({ target, clock, log }: RecordsOptions): Records {
  const inTurn = oneByOneOfEach()

  async function run(site: Site, hostname: string, work: Work): Promise<RecordState> {
    const records = wantedRecords(site, hostname, target)
    const { dns } = site
    if (dns === undefined) return { state: 'assumed', records }
    try {
      await inTurn(hostname, () => work(dns, records, () => clock.now()))
      log.info(work === addRecords ? 'record written' : 'record removed', { name: hostname })
      return { state: 'written', records }
    } catch (error) {
      const next = error instanceof AppError ? error.hint : undefined
      log.error('record not written', { name: hostname, error: messageOf(error), hint: next })
      return { state: 'failed', records, message: messageOf(error), next: next ?? 'try again' }
    }
  }

  return {
    add: (site, hostname) => run(site, hostname, addRecords),
    remove: (site, hostname) => run(site, hostname, removeRecords),
  }
}

/** A name that is given away and taken back is written in this order too; others do not wait for it. */
function oneByOneOfEach(): (name: string, work: () => Promise<void>) => Promise<void> {
  const last = new Map<string, Promise<void>>()
  return (name, work) => {
    const next = (last.get(name) ?? Promise.resolve()).then(work, work)
    last.set(name, next)
    const leave = (): void => void (last.get(name) === next && last.delete(name))
    next.then(leave, leave)
    return next
  }
}
