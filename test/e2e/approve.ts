import { signInWithForms } from '../../src/dev-idp/sign-in-with-forms.ts'
import type { GatewayRig } from './rig.ts'

/**
 * Plays a browser in which somebody opens the address of a device code, signs in, ticks the box and
 * presses a button. Resolves to the page at the end.
 */
export async function decideAboutDevice(
  { ca }: Pick<GatewayRig, 'ca'>,
  address: string,
  email: string,
  decision: 'approve' | 'deny',
): Promise<string> {
  return (await signInWithForms(address, { email }, { request: { ca }, decision })).body
}
