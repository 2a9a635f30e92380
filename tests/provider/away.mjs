// A provider that is not there for a while: it answers late, hangs up, or says 503. Comes back by itself.

export const MANNERS = ['stall', 'refuse', 'unavailable'];

export class Away {
  #manner = '';
  #timer;
  #waiting = [];

  go(manner, seconds) {
    if (!MANNERS.includes(manner)) throw new RangeError(`how must be one of ${MANNERS.join(', ')}`);
    this.comeBack();
    this.#manner = manner;
    this.#timer = setTimeout(() => this.comeBack(), seconds * 1000);
  }

  comeBack() {
    clearTimeout(this.#timer);
    this.#manner = '';
    this.#waiting.splice(0).forEach((goOn) => goOn());
  }

  // True if the request was dealt with and nobody else must answer it.
  async meets(request, response) {
    if (this.#manner === 'stall') await new Promise((goOn) => this.#waiting.push(goOn));
    if (this.#manner === 'refuse') request.socket.destroy();
    if (this.#manner === 'unavailable') response.writeHead(503, { 'Content-Type': 'text/plain' }).end('away\n');
    return request.socket.destroyed || response.writableEnded;
  }
}
