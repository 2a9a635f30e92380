// Reading a request's body and sending a page or JSON: no more than this server needs.

const LIMIT = 64 * 1024;

export async function bodyOf(request) {
  let body = '';
  for await (const piece of request) {
    body += piece;
    if (body.length > LIMIT) throw new RangeError('the body is too large');
  }
  return body;
}

export function sendPage(response, html, status = 200) {
  response.writeHead(status, { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-store' }).end(html);
}

export function sendJson(response, answer, status = 200) {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(answer));
}
