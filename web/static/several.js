// Fields with several names and commas between: each is completed, without those that are there.
let number = 0;
for (const field of document.querySelectorAll("input[list][data-several]")) {
  const names = [...field.list.options].map((option) => option.value);
  const own = document.createElement("datalist");
  own.id = `several-${number += 1}`;
  field.after(own);
  const offer = () => {
    const kept = field.value.slice(0, field.value.lastIndexOf(",") + 1);
    const taken = kept.split(",").map((name) => name.trim());
    const left = names.filter((name) => !taken.includes(name));
    own.replaceChildren(...left.map((name) => {
      const option = document.createElement("option");
      option.value = `${kept}${kept ? " " : ""}${name}`;
      option.label = name;
      return option;
    }));
  };
  field.setAttribute("list", own.id);
  field.addEventListener("input", offer);
  offer();
}
