import { AccessError } from '../../errors.ts'
import type { SendToGateway } from '../../reach/gateway-request.ts'
import type { DeviceCodeAnswer } from '../../tunnel/device.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'
import { makeSealKey, publicKeyField, type IssuedCredential } from '../../tunnel/publish-login.ts'
import type { BegunSignIns } from '../sign-in/begun-sign-in.ts'
import { createDeviceApi } from '../sign-in/device-api.ts'
import { signInByDevice, type DeviceSignInOptions } from '../sign-in/device-sign-in.ts'

export interface PublishLoginOptions {
  readonly send: SendToGateway
  /** What the person runs, as the page shows it. */
  readonly command: string
  /** Shows where the person is to go, and the code. */
  readonly present: (code: DeviceCodeAnswer) => void
  readonly signal: AbortSignal
  readonly wait?: NonNullable<DeviceSignInOptions['wait']>
}

/**
 * Gets a publish credential for this machine: a person chooses its site in a browser on any machine. It is sealed
 * to a key that is made here and never leaves this process.
 *
 * @throws AccessError `sign-in-failed`, `sign-in-timeout` or `sign-in-cancelled`; PeerError
 * `credential-unreadable`; UpstreamError
 */
export async function logInToPublish(options: PublishLoginOptions): Promise<IssuedCredential> {
  const { send, ...rest } = options
  const key = await makeSealKey()
  const api = createDeviceApi(send, {
    codePath: gatewayPaths.publishCode,
    tokenPath: gatewayPaths.publishToken,
    fields: { [publicKeyField]: key.publicKey },
    notOffered,
  })
  return key.open(await signInByDevice({ ...rest, api, begun: nothingKept }))
}

/** The key is this process's alone: nobody else could go on. */
const nothingKept: BegunSignIns = {
  read: () => Promise.resolve(undefined),
  keep: () => Promise.resolve(),
  forget: () => Promise.resolve(),
}

function notOffered(): AccessError {
  return new AccessError('sign-in-failed', 'nothing can be published on this gateway', {
    hint: 'check the address with --gateway; where it is right, its configuration has no "sites"',
  })
}
