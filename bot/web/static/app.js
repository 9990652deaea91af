"use strict";

// The page works without this. With it a picture may be dropped or pasted too, and the answer comes
// into the page that is there, beside the visitor's own picture, which stays in the browser.

(() => {
  const form = document.querySelector("form");
  const file = document.getElementById("file");
  const url = document.getElementById("url");
  const status = document.getElementById("status");
  const answer = document.getElementById("answer");
  const most = Number(form.dataset.maxBytes);
  let asking = null;
  let preview = null;

  document.documentElement.classList.add("js");

  function say(text) {
    status.textContent = text;
  }

  function paragraph(text, kind) {
    const made = document.createElement("p");
    made.className = kind;
    made.textContent = text;
    return made;
  }

  function fail(text) {
    end();
    const heading = document.createElement("h2");
    heading.id = "heading";
    heading.tabIndex = -1;
    heading.textContent = "That did not work";
    answer.replaceChildren(heading, paragraph(text, "trouble"));
    heading.focus();
  }

  function end() {
    asking = null;
    say("");
    answer.removeAttribute("aria-busy");
  }

  function showQuery(picture) {
    const place = answer.querySelector("[data-query]");
    if (preview) {
      URL.revokeObjectURL(preview);
      preview = null;
    }
    if (!place || !picture) {
      return;
    }
    preview = URL.createObjectURL(picture);
    const image = document.createElement("img");
    image.alt = "Your picture";
    // What no browser can show, it need not show.
    image.addEventListener("error", () => image.remove());
    image.src = preview;
    place.append(image);
  }

  function offerCopy() {
    const link = answer.querySelector("[data-share]");
    if (!link || !navigator.clipboard) {
      return;
    }
    const button = document.createElement("button");
    button.type = "button";
    button.className = "plain";
    button.textContent = "Copy it";
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(link.href);
        say("The link is copied.");
      } catch {
        say("Your browser does not let me copy. Copy the link itself.");
      }
    });
    link.after(" ", button);
  }

  // What the wiki says comes later, and is not waited for.
  function wantCard() {
    const place = answer.querySelector(".card[data-image-id]");
    if (!place) {
      return;
    }
    const request = new XMLHttpRequest();
    request.open("GET", `/cards/${place.dataset.imageId}`);
    request.responseType = "document";
    request.addEventListener("load", () => {
      const card = request.status === 200 && request.responseXML?.querySelector("[data-card]");
      if (card) {
        place.replaceChildren(...card.childNodes);
      }
    });
    request.send();
  }

  // A wiki may not send its picture; then there is none.
  function hide(image) {
    image.classList.add("gone");
  }

  function show(page, picture) {
    const fresh = page && page.getElementById("answer");
    if (!fresh) {
      fail("The server did not answer as it should. Try again in a moment.");
      return;
    }
    end();
    answer.replaceChildren(...fresh.childNodes);
    document.title = page.title;
    showQuery(picture);
    offerCopy();
    wantCard();
    document.getElementById("heading").focus();
  }

  function ask(picture, link) {
    if (asking) {
      asking.abort();
    }
    if (picture && picture.size > most) {
      fail(`That picture is larger than ${Math.floor(most / 1048576)} MB. Send a smaller copy.`);
      return;
    }
    const body = new FormData();
    if (picture) {
      body.append("file", picture, picture.name || "picture");
    } else {
      body.append("url", link);
    }
    const request = new XMLHttpRequest();
    asking = request;
    request.open("POST", form.action);
    request.responseType = "document";
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable && event.loaded < event.total) {
        say(`Sending: ${Math.round((100 * event.loaded) / event.total)} %`);
      }
    });
    request.upload.addEventListener("load", () => say("Searching …"));
    request.addEventListener("load", () => show(request.responseXML, picture));
    request.addEventListener("error", () => fail("The server did not answer. Try again."));
    say("Searching …");
    answer.setAttribute("aria-busy", "true");
    request.send(body);
  }

  function askFor(picture) {
    url.value = "";
    ask(picture, "");
  }

  function askForLink(link) {
    file.value = "";
    url.value = link;
    ask(null, link);
  }

  function linkIn(data) {
    const text = (data.getData("text/uri-list") || data.getData("text/plain")).trim();
    const first = text.split("\n", 1)[0].trim();
    return /^https?:\/\/\S+$/i.test(first) ? first : null;
  }

  // Whether there was something to search for in what was dropped or pasted.
  function take(data) {
    const picture = [...data.files].find((each) => each.type.startsWith("image/")) || data.files[0];
    if (picture) {
      file.value = "";
      askFor(picture);
      return true;
    }
    const link = linkIn(data);
    if (link) {
      askForLink(link);
    }
    return link !== null;
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (file.files.length) {
      askFor(file.files[0]);
    } else if (url.value.trim()) {
      askForLink(url.value.trim());
    } else {
      file.focus();
      say("Choose a picture, or give a link to one.");
    }
  });

  file.addEventListener("change", () => {
    if (file.files.length) {
      askFor(file.files[0]);
    }
  });

  document.addEventListener("paste", (event) => {
    const typing = event.target === url && !event.clipboardData.files.length;
    if (!typing && take(event.clipboardData)) {
      event.preventDefault();
    }
  });

  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    document.documentElement.classList.add("over");
  });

  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) {
      document.documentElement.classList.remove("over");
    }
  });

  document.addEventListener("drop", (event) => {
    event.preventDefault();
    document.documentElement.classList.remove("over");
    if (!take(event.dataTransfer)) {
      say("There was no picture in what you dropped.");
    }
  });

  // Errors of pictures don't bubble; and some may have come before this script.
  answer.addEventListener("error", (event) => hide(event.target), true);
  for (const image of answer.querySelectorAll(".thumb")) {
    if (image.complete && !image.naturalWidth) {
      hide(image);
    }
  }

  offerCopy();
  wantCard();
})();
