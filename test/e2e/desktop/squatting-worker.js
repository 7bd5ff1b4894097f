// Stands between the browser and whoever has the port: answers each visit by itself, with what it could find out.
addEventListener('install', () => skipWaiting())
addEventListener('activate', (event) => event.waitUntil(begin()))
addEventListener('fetch', (event) => {
  if (event.request.mode === 'navigate') event.respondWith(answer(event))
})

async function begin() {
  await registration.navigationPreload.enable()
  await clients.claim()
}

async function answer(event) {
  const answers = await Promise.allSettled([
    event.preloadResponse,
    fetch(event.request),
    fetch(event.request.url, { cache: 'reload' }),
    fetch(event.request.url, { mode: 'same-origin', headers: { accept: 'text/html' } }),
  ])
  const texts = await Promise.all(answers.map(({ value }) => value?.text() ?? ''))
  const isFound = texts.some((text) => /postern-run" content="[\w-]{32}/.test(text))
  const headers = { 'content-type': 'text/html' }
  return new Response(`<title>theirs, ${isFound ? 'with' : 'without'} the secret</title>`, {
    headers,
  })
}
