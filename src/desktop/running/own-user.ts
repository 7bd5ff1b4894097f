import { isOpenToOthers, type LocalAddress } from '../../client/serve/listen-address.ts'
import { admitSameUser, type Admission } from '../../client/serve/same-user.ts'

/**
 * Keeps other users of the machine out where the system tells whose a connection is; undefined where it does not, or
 * where others are meant. `onOpen` is told why they are not kept out.
 */
export async function admitOwnUser(
  listen: LocalAddress,
  onOpen: (error: unknown) => void,
): Promise<Admission | undefined> {
  if (process.platform !== 'linux' || isOpenToOthers(listen)) return undefined
  try {
    return await admitSameUser(listen)
  } catch (error) {
    onOpen(error)
    return undefined
  }
}
