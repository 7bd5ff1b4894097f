import type { ProxyVariables } from '../../reach/proxy.ts'
import { clientEnvironment } from '../process/environment.ts'
import type { Voice } from '../speech/voice.ts'

/** A proxy that was given with a command, as it was given. */
export interface ProxyOption {
  readonly proxy?: string
}

/** By which proxies a command reaches its gateway: the one that was given, or those of the environment. */
export function proxiesOf({ proxy }: ProxyOption): ProxyVariables {
  return proxy === undefined ? clientEnvironment().proxies : { '--proxy': proxy }
}

/** Whether it has a user or a password. What is no address is looked at as text. */
export function hasSecret(proxy: string): boolean {
  return proxy.includes('@')
}

/** Warns of a secret that was given as an argument. */
export function warnAboutProxy({ proxy }: ProxyOption, voice: Voice): void {
  if (proxy === undefined || !hasSecret(proxy)) return
  voice.warn('every user of this machine can read the password in "--proxy" while this runs', {
    hint: 'put it into HTTPS_PROXY',
  })
}
