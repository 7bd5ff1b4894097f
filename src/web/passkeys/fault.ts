/**
 * Why a browser made or used no passkey, in sentences. It tells a page little on purpose: a closed dialog, one that
 * took too long, and a device without a fitting passkey are all the same (WebAuthn §14.5).
 */
export function sayFault(error: unknown): string {
  return sentences[nameOf(error)] ?? 'Your device could not do this. Try again, or use another one.'
}

const sentences: Readonly<Record<string, string>> = {
  NotAllowedError:
    'Nothing was done: the dialog was closed, took too long, or this device has no fitting passkey. Try again.',
  AbortError: 'Nothing was done. Try again.',
  InvalidStateError:
    'This device or key has a passkey of yours here already. Use another one, such as your phone or a security key.',
  ConstraintError:
    'This device cannot ask for a fingerprint, face or PIN. Set a screen lock or a PIN, or use another one.',
  NotSupportedError: 'This device cannot make a passkey. Use another one.',
  SecurityError: 'The browser does not let this page use passkeys. Tell whoever runs this gateway.',
}

/** The library puts its own error around that of the browser. */
function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  return error.cause instanceof Error ? error.cause.name : error.name
}
