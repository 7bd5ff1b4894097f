import { wantedRecords, type Records } from './records.ts'

export interface RecordsOptions {
  /** Where names lead unless their site says: the host name of the gateway. */
  readonly target: string
}

/** Without a server of a site, nobody writes its records here. */
export function createRecords({ target }: RecordsOptions): Records {
  return {
    add: (site, hostname) =>
      Promise.resolve({ state: 'assumed', records: wantedRecords(site, hostname, target) }),
    remove: (site, hostname) =>
      Promise.resolve({ state: 'assumed', records: wantedRecords(site, hostname, target) }),
  }
}
