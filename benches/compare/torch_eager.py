"""PyTorch in eager mode; with --fused its fused Adam. The images are one tensor, batches are indexed from it."""

import time

import torch

import peer


def main():
    options = peer.options(fused="fused Adam", cuda="train on the GPU")
    if options.threads:
        torch.set_num_threads(options.threads)
    device = "cuda" if options.cuda else "cpu"
    torch.manual_seed(0)
    images = torch.from_numpy(peer.images("train")).to(device)
    labels = torch.from_numpy(peer.labels("train")).long().to(device)
    model = torch.nn.Sequential(torch.nn.Linear(784, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10)).to(device)
    for layer in (model[0], model[2]):
        torch.nn.init.xavier_uniform_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, eps=1e-7, fused=options.fused)
    criterion = torch.nn.CrossEntropyLoss()
    for number in range(1, options.epochs + 1):
        start = time.perf_counter()
        total = torch.zeros((), device=device)
        correct = torch.zeros((), dtype=torch.long, device=device)
        for batch in torch.randperm(len(labels), device=device).split(options.batch_size):
            truth = labels[batch]
            out = model(images[batch])
            loss = criterion(out, truth)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.detach() * len(batch)
            correct += (out.argmax(1) == truth).sum()
        total, correct = total.item(), correct.item()
        seconds = time.perf_counter() - start
        peer.tell(epoch=number, seconds=seconds, loss=total / len(labels), accuracy=correct / len(labels))
    with torch.no_grad():
        right = model(torch.from_numpy(peer.images("t10k")).to(device)).argmax(1).cpu() == torch.from_numpy(peer.labels("t10k"))
    peer.tell(test_accuracy=right.float().mean().item())


main()
