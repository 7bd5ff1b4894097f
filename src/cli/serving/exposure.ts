import { isOpenToOthers, type ListenAddress } from '../../client/serve/listen-address.ts'
import type { Admission } from '../../client/serve/same-user.ts'
import type { Voice } from '../speech/voice.ts'

/**
 * For `--same-user`.
 *
 * @throws SystemError `same-user-unsupported` or `same-user-unavailable`
 */
export async function sameUser(listen: ListenAddress): Promise<Admission> {
  const { admitSameUser } = await import('../../client/serve/same-user.ts')
  return admitSameUser(listen)
}

/** Warns of an address that others than this machine's users reach; `written` is how it was given. */
export function warnAboutExposure(listen: ListenAddress, written: string, voice: Voice): void {
  if (!isOpenToOthers(listen)) return
  voice.warn(`everybody who reaches "${written}" uses the service as you`, {
    hint: 'listen on 127.0.0.1 unless you mean that',
  })
}
