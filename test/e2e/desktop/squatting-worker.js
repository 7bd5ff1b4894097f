// Answers each visit by itself, whoever has the port.
addEventListener('install', () => skipWaiting())
addEventListener('activate', (event) => event.waitUntil(clients.claim()))
addEventListener('fetch', (event) => {
  if (event.request.mode !== 'navigate') return
  const headers = { 'content-type': 'text/html' }
  event.respondWith(new Response('<title>theirs</title>', { headers }))
})
