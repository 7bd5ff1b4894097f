import {
  startAuthentication,
  startRegistration,
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
} from '@simplewebauthn/browser'

/** Has the browser do what a field asks for, and answers what it made. */
export function runCeremony({ dataset }: HTMLInputElement, form: HTMLFormElement): Promise<object> {
  const { ceremony, options = '{}' } = dataset
  if (ceremony === 'sign-in') {
    const optionsJSON = JSON.parse(options) as PublicKeyCredentialRequestOptionsJSON
    return startAuthentication({ optionsJSON })
  }
  const plain = JSON.parse(options) as PublicKeyCredentialCreationOptionsJSON
  const person = form.querySelector<HTMLInputElement>('input[data-person]')?.value.trim()
  const user = { ...plain.user, ...(person && { displayName: person }) }
  return startRegistration({ optionsJSON: { ...plain, user } })
}
