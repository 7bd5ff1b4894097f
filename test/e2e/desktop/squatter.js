// A page of a program that has the window's port while the daemon is away: it has the window's origin, and with it the
// key that the browser keeps. It leaves a service worker, and signs whatever it likes to send once the daemon is back.

function answerOf(request) {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result))
    request.addEventListener('error', reject)
  })
}

async function keptProof() {
  const database = await answerOf(indexedDB.open('postern-desktop'))
  // Deleted a moment ago, it is made anew by this.
  const proof = database.objectStoreNames.contains('proof')
    ? await answerOf(database.transaction('proof').objectStore('proof').get('own'))
    : undefined
  database.close()
  return proof
}

// oxlint-disable-next-line no-unused-vars
async function readPrivateKey() {
  const { keys } = await keptProof()
  return crypto.subtle.exportKey('jwk', keys.privateKey)
}

function encode(bytes) {
  const text = btoa(String.fromCharCode(...new Uint8Array(bytes)))
  return text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

// oxlint-disable-next-line no-unused-vars
async function signAhead(run) {
  const { keys } = await keptProof()
  const bodyHash = encode(await crypto.subtle.digest('SHA-256', new Uint8Array()))
  const point = encode(await crypto.subtle.exportKey('raw', keys.publicKey))
  const signed = []
  for (let at = 0; at < 60_000; at += 500) {
    const nonce = encode(crypto.getRandomValues(new Uint8Array(16)))
    const parts = [location.origin, run, 'GET', '/api/browsers', at, nonce, bodyHash]
    const text = ['postern-desktop-request-1', ...parts].join('\n')
    const signature = await crypto.subtle.sign(
      { name: 'ECDSA', hash: 'SHA-256' },
      keys.privateKey,
      new TextEncoder().encode(text),
    )
    signed.push(`Postern ${[point, at, nonce, bodyHash, encode(signature)].join('.')}`)
  }
  return signed
}

// oxlint-disable-next-line no-unused-vars
async function leaveDatabase() {
  await answerOf(indexedDB.deleteDatabase('postern-desktop'))
  const database = await answerOf(indexedDB.open('postern-desktop', 9))
  database.close()
}

// oxlint-disable-next-line no-unused-vars
async function leaveWorker() {
  await navigator.serviceWorker.register('/worker.js')
  await navigator.serviceWorker.ready
}

const secret = /postern-run" content="[\w-]{32}/

/** The secret of a run in what can be read of an address of this origin, in every way that a script has. */
// oxlint-disable-next-line no-unused-vars
async function findRun() {
  const texts = await Promise.allSettled([
    fetch('/', { cache: 'reload' }).then((answer) => answer.text()),
    fetch('/settings', { cache: 'reload', headers: { accept: 'text/html' } }).then((answer) =>
      answer.text(),
    ),
    new Promise((resolve) => {
      const request = new XMLHttpRequest()
      request.addEventListener('loadend', () => resolve(request.responseText))
      request.open('GET', '/?again')
      request.send()
    }),
    textOfFrame('iframe', 'src'),
    textOfFrame('object', 'data'),
    textOfPopup(),
    fetch('/hello?nonce=nnnnnnnnnnnnnnnnnnnnnn').then((answer) => answer.text()),
  ])
  const all = texts.map(({ value }) => value ?? '')
  return { tried: all.length, found: all.filter((text) => secret.test(text)) }
}

async function textOfFrame(name, attribute) {
  const element = Object.assign(document.createElement(name), { [attribute]: '/?framed' })
  const isThere = new Promise((resolve) => {
    element.addEventListener('load', resolve)
    element.addEventListener('error', resolve)
  })
  document.body.append(element)
  await isThere
  return element.contentDocument.documentElement.outerHTML
}

async function textOfPopup() {
  const popup = open('/?popup')
  for (let look = 0; look < 100 && !popup.closed; look += 1) {
    const text = popup.document.documentElement.outerHTML
    if (secret.test(text)) return text
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return ''
}

// oxlint-disable-next-line no-unused-vars
async function askWith(run) {
  const all = await signAhead(run)
  const answers = all.map((authorization) => fetch('/api/browsers', { headers: { authorization } }))
  return [...new Set((await Promise.all(answers)).map(({ status }) => status))]
}
