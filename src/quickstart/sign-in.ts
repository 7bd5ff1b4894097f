import { readFileSync } from 'node:fs'
import { signInWithForms } from '../dev-idp/sign-in-with-forms.ts'

/**
 * Signs a person of a demo in at an address that a program shows, and approves what asks to act for them; resolves
 * once the last redirect's target has answered. Nobody compares a code: it is for people who are made up.
 */
export async function signInAs(
  address: string,
  email: string,
  caFile: string | undefined,
): Promise<void> {
  const request = caFile === undefined ? {} : { ca: readFileSync(caFile) }
  await signInWithForms(address, { email }, { request, decision: 'approve' })
}
