import { browserSupportsWebAuthn } from '@simplewebauthn/browser'
import { runCeremony } from './ceremony.ts'
import { sayFault } from './fault.ts'

// The pages about passkeys are forms that work without this but for one thing: only a script can have the browser make a
// passkey, or use one. It does that when a form is sent, puts what came of it into the form, and sends it.

for (const field of document.querySelectorAll<HTMLInputElement>('input[data-ceremony]')) {
  const { form } = field
  form?.addEventListener('submit', (event) => {
    event.preventDefault()
    void send(form, field)
  })
}

async function send(form: HTMLFormElement, field: HTMLInputElement): Promise<void> {
  const button = form.querySelector('button')
  const say = (text: string): void => {
    const line = form.querySelector('[data-fault]')
    if (line !== null) line.textContent = text
  }
  if (button?.disabled === true) return
  if (!browserSupportsWebAuthn())
    return say('This browser cannot use passkeys. Try a current Chrome, Edge, Firefox or Safari.')
  say('')
  if (button !== null) button.disabled = true
  try {
    field.value = JSON.stringify(await runCeremony(field, form))
    form.submit()
  } catch (error) {
    say(sayFault(error))
  } finally {
    if (button !== null) button.disabled = false
  }
}
