import {
  decodeDeviceCodeAnswer,
  deviceErrors,
  encodeDeviceCodeRequest,
  encodeDevicePoll,
  type DeviceCodeAnswer,
  type DeviceCodeRequest,
} from '../../tunnel/device.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'
import { decodeRefusal } from '../../tunnel/refusal.ts'
import { decodeTokenAnswer } from '../../tunnel/sign-in.ts'
import { AccessError } from '../../errors.ts'
import { signInFailed } from './gateway-api.ts'
import type { SendToGateway } from '../../reach/gateway-request.ts'

/** What a question for the token brought. */
export type DevicePollAnswer =
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'pending' | 'slowDown' | 'expired' }
  /** A person or the sign-in service said no, or the sign-in failed on its way. */
  | { readonly kind: 'denied'; readonly why: AccessError }
  /** The gateway, or what stands in front of it, has a fault that may pass. */
  | { readonly kind: 'unavailable' }

/** The device half of the gateway's API (RFC 8628). */
export interface DeviceApi {
  /**
   * Asks for a code.
   *
   * @throws AccessError `sign-in-failed`, with the gateway's own words; UpstreamError
   */
  begin(request: DeviceCodeRequest, signal: AbortSignal): Promise<DeviceCodeAnswer>
  /** Asks whether somebody has approved it; throws as `begin`. */
  poll(deviceCode: string, signal: AbortSignal): Promise<DevicePollAnswer>
}

/** What a code is asked for: where, and what is said along. */
export interface DeviceAsk {
  readonly codePath: string
  readonly tokenPath: string
  /** Further fields of the form. */
  readonly fields: Readonly<Record<string, string>>
  /** Where the gateway knows no such path. */
  notOffered(): AccessError
}

const forSession: DeviceAsk = {
  codePath: gatewayPaths.deviceCode,
  tokenPath: gatewayPaths.deviceToken,
  fields: {},
  notOffered,
}

export function createDeviceApi(send: SendToGateway, ask: DeviceAsk = forSession): DeviceApi {
  return {
    async begin(request, signal) {
      const more = new URLSearchParams(ask.fields).toString()
      const body = [encodeDeviceCodeRequest(request), more].filter((it) => it !== '').join('&')
      const answer = await send({ method: 'POST', path: ask.codePath, body }, signal)
      const code = answer.status === 200 ? decodeDeviceCodeAnswer(answer.body) : undefined
      if (code !== undefined) return code
      // An older gateway, or one of another make.
      if (answer.status === 404) throw ask.notOffered()
      throw signInFailed(answer, 'gave no code')
    },
    async poll(deviceCode, signal) {
      const body = encodeDevicePoll(deviceCode)
      const answer = await send({ method: 'POST', path: ask.tokenPath, body }, signal)
      const token = answer.status === 200 ? decodeTokenAnswer(answer.body) : undefined
      if (token !== undefined) return { kind: 'token', token }
      if (answer.status >= 500) return { kind: 'unavailable' }
      const code = decodeRefusal(answer.body)?.code
      if (code === deviceErrors.denied)
        return { kind: 'denied', why: signInFailed(answer, 'denied the sign-in') }
      for (const kind of ['pending', 'slowDown', 'expired'] as const) {
        if (code === deviceErrors[kind]) return { kind }
      }
      throw signInFailed(answer, 'gave no token for the code')
    },
  }
}

function notOffered(): AccessError {
  return new AccessError(
    'sign-in-failed',
    'the gateway does not sign in machines without a browser',
    {
      hint: 'sign in with a browser on this machine, or ask for a service account',
    },
  )
}
